import type { HttpRule, InboundPolicy, PolicyUnit } from '@osm/policy';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  captureUnit,
  inboundPort,
  outboundUnit,
  outcomeOf,
  upstreamUnit,
  workloadUnit,
  type TestRequest,
} from '../testing/index.ts';
import { checkBundle } from './check.ts';
import { emitUnit } from './unit.ts';
import { emitWorkload } from './workload.ts';

const principals = fc.uniqueArray(fc.constantFrom('a.n.td', 'b.n.td', 'c.n.td'));
const sortedPrincipals = principals.map((list) => [...list].sort());

const rule: fc.Arbitrary<HttpRule> = fc.record({
  pathRegex: fc.constantFrom(undefined, '/a', '/a/.*', '/.*', '/b(/c)?'),
  methods: fc.uniqueArray(fc.constantFrom('GET', 'POST', 'M.T')),
  headers: fc.constantFrom([], [{ name: 'x-kind', valueRegex: 'g.*' }]),
  principals: sortedPrincipals,
});

const request: fc.Arbitrary<TestRequest> = fc.record({
  path: fc.constantFrom('/a', '/a/b', '/b', '/b/c', '/', '/other'),
  method: fc.constantFrom('GET', 'POST', 'M.T', 'MAT'),
  headers: fc.constantFrom({}, { 'x-kind': 'good' }, { 'x-kind': 'bad' }),
  principal: fc.constantFrom('a.n.td', 'b.n.td', 'd.n.td'),
});

function emitRules(rules: readonly HttpRule[]) {
  const inbound = [inboundPort({ kind: 'http-enforced', rules })];
  return emitWorkload(workloadUnit('store', [], { inbound }).policy);
}

/** What the rules mean, without routes and RBAC. */
function meaning(rules: readonly HttpRule[], wanted: TestRequest): 200 | 403 | 404 {
  const matching = rules.filter(
    ({ pathRegex, methods, headers }) =>
      (pathRegex === undefined || new RegExp(`^(?:${pathRegex})$`).test(wanted.path)) &&
      (methods.length === 0 || methods.includes(wanted.method)) &&
      headers.every(({ name, valueRegex }) => {
        const value = (wanted.headers as Readonly<Record<string, string>>)[name];
        return value !== undefined && new RegExp(`^(?:${valueRegex})$`).test(value);
      }),
  );
  if (matching.length === 0) return 404;
  return matching.some((one) => one.principals.includes(wanted.principal)) ? 200 : 403;
}

describe('HTTP access', () => {
  it('is the union of the rules: 404 where none matches, 403 where none of the matching is for the source', () => {
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 5 }), request, (rules, wanted) => {
        expect(outcomeOf(emitRules(rules), wanted)).toBe(meaning(rules, wanted));
      }),
      { numRuns: 500 },
    );
  });

  it('is never wider than permissive', () => {
    const open = [inboundPort({ kind: 'http-permissive' })];
    const permissive = emitWorkload(workloadUnit('store', [], { inbound: open }).policy);
    fc.assert(
      fc.property(request, (wanted) => {
        expect(outcomeOf(permissive, wanted)).toBe(200);
      }),
    );
  });
});

const inbound: fc.Arbitrary<InboundPolicy> = fc
  .record({
    targetPort: fc.constantFrom(8080, 8081),
    access: fc.oneof(
      fc.record({
        kind: fc.constant('http-enforced' as const),
        rules: fc.array(rule, { maxLength: 3 }),
      }),
      fc.constant({ kind: 'http-permissive' as const }),
      fc.record({ kind: fc.constant('tcp-enforced' as const), principals: sortedPrincipals }),
    ),
  })
  .map(({ targetPort, access }) => inboundPort(access, { targetPort }));

const unit: fc.Arbitrary<PolicyUnit> = fc.oneof(
  fc
    .record({
      serverPrincipals: sortedPrincipals,
      endpoints: fc.uniqueArray(fc.record({ ip: fc.ipV4(), port: fc.constantFrom(8080, 8081) }), {
        maxLength: 3,
        selector: ({ ip, port }) => `${ip}:${port}`,
      }),
    })
    .map((change) => upstreamUnit('store', change)),
  fc
    .record({
      protocol: fc.constantFrom('http' as const, 'tcp' as const, 'grpc' as const),
      addresses: fc.uniqueArray(fc.ipV4(), { minLength: 1, maxLength: 3 }),
      backends: fc.uniqueArray(
        fc.record({
          upstream: fc.constantFrom('cluster.n.a.80.all', 'cluster.n.b.80.all'),
          weight: fc.integer({ min: 1, max: 100 }),
        }),
        { selector: ({ upstream }) => upstream },
      ),
    })
    .map((change) => outboundUnit('store', change)),
  fc
    .record({
      inbound: fc.uniqueArray(inbound, { selector: ({ targetPort }) => targetPort }),
      metrics: fc.boolean(),
    })
    .map((change) => workloadUnit('store', ['a'], change)),
  fc
    .record({
      egress: fc.boolean(),
      serverFirstPorts: fc.constantFrom([], [3306], [25, 3306]),
    })
    .map((change) => captureUnit(change)),
);

describe('every unit', () => {
  it('gives the same bundle from scratch and from the previous emit', () => {
    const pair = fc.tuple(unit, unit).filter(([a, b]) => a.policy.key === b.policy.key);
    fc.assert(
      fc.property(pair, ([before, after]) => {
        const scratch = emitUnit(after);
        const incremental = emitUnit(after, emitUnit(before));
        expect(incremental.bundle).toEqual(scratch.bundle);
        expect(incremental.encoded).toBeLessThanOrEqual(scratch.encoded);
      }),
    );
  });

  it('encodes nothing when nothing changed', () => {
    fc.assert(
      fc.property(unit, (one) => {
        const before = emitUnit(one);
        const again = emitUnit(structuredClone(one), before);
        expect(again.encoded).toBe(0);
        expect(again.bundle.resources).toEqual(before.bundle.resources);
      }),
    );
  });

  it('is sorted, consistent, and names every resource once', () => {
    fc.assert(
      fc.property(unit, (one) => {
        const emitted = emitUnit(one);
        expect(checkBundle(emitted)).toEqual([]);
        const ids = emitted.bundle.resources.map(({ typeUrl, name }) => `${typeUrl} ${name}`);
        expect(new Set(ids).size).toBe(ids.length);
      }),
    );
  });
});
