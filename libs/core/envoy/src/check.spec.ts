import type { PolicyUnit } from '@osm/policy';
import { describe, expect, it } from 'vitest';
import {
  captureUnit,
  inboundPort,
  outboundUnit,
  upstreamUnit,
  workloadUnit,
} from '../testing/index.ts';
import { checkBundle, checkIncludes } from './check.ts';
import { emitUnit } from './unit.ts';

function check(root: PolicyUnit, ...others: readonly PolicyUnit[]) {
  const emitted = new Map(
    [captureUnit(), ...others].map((unit) => [unit.policy.key, emitUnit(unit)]),
  );
  return checkIncludes(emitUnit(root), (key) => emitted.get(key));
}

const store = [upstreamUnit('store'), outboundUnit('store')] as const;

describe('the check of a unit', () => {
  it('accepts what we make', () => {
    expect(store.flatMap((unit) => checkBundle(emitUnit(unit)))).toEqual([]);
  });

  it('refuses a domain twice, in whatever case', () => {
    const [problem] = checkBundle(emitUnit(outboundUnit('store', { domains: ['a', 'b', 'A'] })));
    expect(problem).toEqual({
      code: 'bundle_inconsistent',
      message: 'route configuration outbound.shop/store.80 has the domain a twice',
    });
  });

  it('refuses two chains that match the same connections', () => {
    const port = inboundPort({ kind: 'http-permissive' });
    const twice = workloadUnit('store', [], {
      inbound: [
        port,
        inboundPort({ kind: 'tcp-permissive', principals: [] }, { serverNames: port.serverNames }),
      ],
    });
    expect(checkBundle(emitUnit(twice))[0]?.message).toContain('two filter chains');
    const apart = inboundPort(
      { kind: 'tcp-permissive', principals: [] },
      { serverNames: ['other'] },
    );
    expect(checkBundle(emitUnit(workloadUnit('store', [], { inbound: [port, apart] })))).toEqual(
      [],
    );
  });

  it('refuses what the bus would not take', () => {
    const endpoints = Array.from({ length: 40_000 }, (_, i) => ({
      ip: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`,
      port: 8080,
    }));
    expect(checkBundle(emitUnit(upstreamUnit('store', { endpoints })))[0]?.code).toBe(
      'bundle_too_large',
    );
  });
});

describe('the check of what meets in a proxy', () => {
  it('takes in what fits', () => {
    const { includes, leftOut, unresolved } = check(workloadUnit('buyer', ['store']), ...store);
    expect({ includes, leftOut: leftOut.size, unresolved }).toEqual({
      includes: ['capture.all', 'outbound.shop.store.80.all'],
      leftOut: 0,
      unresolved: [],
    });
  });

  it('leaves out an include that does not exist, or whose own includes do not', () => {
    const missing = check(workloadUnit('buyer', ['store', 'depot']), ...store);
    expect(missing.includes).toEqual(['capture.all', 'outbound.shop.store.80.all']);
    expect([...missing.leftOut.keys()]).toEqual(['outbound.shop.depot.80.all']);
    const deeper = check(workloadUnit('buyer', ['store']), outboundUnit('store'));
    expect(deeper.leftOut.get('outbound.shop.store.80.all')?.message).toContain(
      'cluster.shop.store.8080.all is not published',
    );
  });

  it('names what a unit itself refers to and does not get', () => {
    const { unresolved } = check(outboundUnit('store'));
    expect(unresolved.map(({ message }) => message)).toEqual([
      'cluster shop/store|8080 is needed but not defined',
    ]);
  });

  it('leaves out the second listener on one address, and lets two ports of an address be', () => {
    const depot = { addresses: store[1].policy.addresses };
    const units = [...store, upstreamUnit('depot')];
    const same = check(
      workloadUnit('buyer', ['depot', 'store']),
      ...units,
      outboundUnit('depot', depot),
    );
    expect(same.includes).toEqual(['capture.all', 'outbound.shop.depot.80.all']);
    const other = outboundUnit('depot', { ...depot, port: 81 });
    expect(check(workloadUnit('buyer', ['depot', 'store']), ...units, other).leftOut.size).toBe(0);
  });

  it('lets units share an upstream', () => {
    const root = outboundUnit('root', { backends: store[1].policy.backends });
    expect(check(workloadUnit('buyer', ['root', 'store']), ...store, root).leftOut.size).toBe(0);
  });

  it('leaves out a second variant of an upstream', () => {
    const key = 'cluster.shop.store.8080.0123456789abcdef';
    const root = outboundUnit('root', { backends: [{ upstream: key, weight: 1 }] });
    const variant = upstreamUnit('store', { key });
    const { leftOut } = check(workloadUnit('buyer', ['root', 'store']), ...store, root, variant);
    expect([...leftOut.keys()]).toEqual(['outbound.shop.store.80.all']);
  });
});
