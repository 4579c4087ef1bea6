import type { HttpRule, WorkloadPolicy } from '@osm/policy';
import { describe, expect, it } from 'vitest';
import { captureUnit, inboundPort, workloadUnit } from '../testing/index.ts';
import { emitCapture } from './outbound-capture.ts';
import type { Emitted } from './part.ts';
import { resourceToJson } from './resource-json.ts';
import { emitScope, emitWorkload } from './workload.ts';

const rule: HttpRule = { pathRegex: '/a', methods: [], headers: [], principals: ['buyer.shop.td'] };
const http = (...rules: readonly HttpRule[]) => inboundPort({ kind: 'http-enforced', rules });
const tcp = (...principals: readonly string[]) => inboundPort({ kind: 'tcp-enforced', principals });

function workload(change: Partial<WorkloadPolicy>): WorkloadPolicy {
  return workloadUnit('store', [], change).policy;
}

function names({ bundle }: Emitted): readonly string[] {
  return bundle.resources.map(({ name }) => name);
}

function listener({ bundle }: Emitted, name: string): unknown {
  const found = bundle.resources.find((resource) => resource.name === name);
  return found && resourceToJson(found);
}

function chainsOf(emitted: Emitted): readonly unknown[] {
  const json = listener(emitted, 'inbound-listener') as {
    readonly filterChains: readonly unknown[];
  };
  return json.filterChains;
}

describe('the outbound side of a workload', () => {
  it('has no listener when it may call nothing: connections are refused', () => {
    expect(names(emitWorkload(workload({ outbound: { kind: 'nothing' } })))).toEqual([]);
  });

  it('resets what no service takes', () => {
    const emitted = emitCapture(captureUnit().policy);
    expect(names(emitted)).toEqual(['outbound-listener']);
    expect(listener(emitted, 'outbound-listener')).toMatchObject({
      useOriginalDst: true,
      filterChains: [{}],
      continueOnListenerFiltersTimeout: true,
    });
  });

  it('waits for nobody where the server speaks first', () => {
    const range = (port: number) => ({ destinationPortRange: { start: port, end: port + 1 } });
    const filters = (...ports: readonly number[]) =>
      listener(emitCapture(captureUnit({ serverFirstPorts: ports }).policy), 'outbound-listener');
    expect(filters(3306)).toMatchObject({
      listenerFilters: [{ name: 'original_dst' }, { filterDisabled: range(3306) }],
    });
    expect(filters(25, 3306)).toMatchObject({
      listenerFilters: [{}, { filterDisabled: { orMatch: { rules: [range(25), range(3306)] } } }],
    });
  });

  it('passes what no service takes through with egress; a refusal is a reset there, too', () => {
    const emitted = emitCapture(captureUnit({ egress: true }).policy);
    expect(names(emitted)).toEqual(['passthrough-outbound', 'outbound-listener']);
    expect(listener(emitted, 'outbound-listener')).toMatchObject({
      listenerFilters: [{ name: 'original_dst' }, { name: 'tls_inspector' }],
      continueOnListenerFiltersTimeout: true,
      defaultFilterChain: { filters: [{ typedConfig: { cluster: 'passthrough-outbound' } }] },
    });
  });

  it('includes the units it may call, or the scope of all', () => {
    const units = ['outbound.shop.a.80.all', 'outbound.shop.b.80.all'];
    const capture = 'capture.all';
    const listed = emitWorkload(workload({ outbound: { kind: 'listed', units, capture } }));
    expect(listed.bundle.includes).toEqual([capture, ...units]);
    const all = workload({ outbound: { kind: 'permissive', scope: 'scope.permissive', capture } });
    expect(emitWorkload(all).bundle.includes).toEqual([capture, 'scope.permissive']);
    expect(emitScope({ key: 'scope.permissive', units }).bundle).toEqual({
      resources: [],
      includes: units,
    });
  });
});

describe('the inbound side of a workload', () => {
  it('has a chain, a local cluster and routes per port', () => {
    const emitted = emitWorkload(workload({ inbound: [http(rule)] }));
    expect(names(emitted)).toEqual(['local|8080', 'inbound-listener', 'rds-inbound.8080']);
    expect(listener(emitted, 'inbound-listener')).toMatchObject({
      filterChains: [
        {
          filterChainMatch: {
            destinationPort: 8080,
            serverNames: ['store.shop.svc.cluster.local'],
            transportProtocol: 'tls',
            applicationProtocols: ['osm'],
          },
        },
      ],
    });
  });

  it('keeps its listener when HTTP access changes, also to permissive', () => {
    const before = emitWorkload(workload({ inbound: [http(rule)] }));
    const other = emitWorkload(workload({ inbound: [http({ ...rule, principals: [] })] }), before);
    expect(other.encoded).toBe(1);
    const open = workload({ inbound: [inboundPort({ kind: 'http-permissive' })] });
    expect(emitWorkload(open, before).encoded).toBe(1);
  });

  it('has a chain per TCP client: an edit leaves those of the others as they are', () => {
    const chains = (...principals: readonly string[]) =>
      chainsOf(emitWorkload(workload({ inbound: [tcp(...principals)] })));
    const [a, b] = chains('a.shop.td', 'b.shop.td');
    expect(a).toMatchObject({ filterChainMatch: { applicationProtocols: ['osm/a.shop.td'] } });
    expect(b).toMatchObject({ filterChainMatch: { applicationProtocols: ['osm/b.shop.td'] } });
    expect(chains('b.shop.td')).toEqual([b]);
    expect(chains('a.shop.td', 'b.shop.td', 'c.shop.td')).toMatchObject([a, b, {}]);
  });

  it('keeps the chains of those who have access in both modes when the mode changes', () => {
    const [a] = chainsOf(emitWorkload(workload({ inbound: [tcp('a.shop.td')] })));
    const open = inboundPort({ kind: 'tcp-permissive', principals: ['a.shop.td'] });
    const chains = chainsOf(emitWorkload(workload({ inbound: [open] })));
    expect(chains).toMatchObject([a, { filterChainMatch: { applicationProtocols: ['osm'] } }]);
    expect(chains[0]).toEqual(a);
  });

  it('has a chain per service: one more service leaves the chain of the first as it is', () => {
    const port = inboundPort({ kind: 'http-enforced', rules: [rule] });
    const serverNames = ['also.shop.svc.cluster.local', ...port.serverNames];
    const [only] = chainsOf(emitWorkload(workload({ inbound: [port] })));
    const both = chainsOf(emitWorkload(workload({ inbound: [{ ...port, serverNames }] })));
    expect(both).toHaveLength(2);
    expect(both[1]).toEqual(only);
  });

  it('accepts TCP clients by name in the handshake; without any it accepts nobody', () => {
    const namesOf = (emitted: Emitted): string =>
      JSON.stringify(listener(emitted, 'inbound-listener'))
        .match(/"exact":"[^"]*"/g)
        ?.join() ?? '';
    const enforced = emitWorkload(workload({ inbound: [tcp('a.shop.td', 'b.shop.td')] }));
    expect(namesOf(enforced)).toBe('"exact":"a.shop.td","exact":"b.shop.td"');
    expect(namesOf(emitWorkload(workload({ inbound: [tcp()] })))).toBe('"exact":"nobody.invalid"');
    const open = workload({ inbound: [inboundPort({ kind: 'tcp-permissive', principals: [] })] });
    expect(namesOf(emitWorkload(open))).toBe('');
  });

  it('requires a client certificate and offers no ALPN', () => {
    const emitted = emitWorkload(workload({ inbound: [http(rule), tcp('a.shop.td')] }));
    const text = JSON.stringify(listener(emitted, 'inbound-listener'));
    expect(text.match(/"requireClientCertificate":true/g)).toHaveLength(2);
    expect(text).not.toContain('alpnProtocols');
  });

  it('has one local cluster for a port that is both HTTP and TCP', () => {
    const other = inboundPort(
      { kind: 'tcp-permissive', principals: [] },
      { serverNames: ['db.shop.svc.cluster.local'] },
    );
    const emitted = emitWorkload(workload({ inbound: [http(rule), other] }));
    expect(names(emitted).filter((name) => name === 'local|8080')).toHaveLength(1);
  });

  it('closes connections to the application before the application does', () => {
    const emitted = emitWorkload(workload({ inbound: [http(rule)] }));
    const protocol = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
    expect(listener(emitted, 'local|8080')).toMatchObject({
      typedExtensionProtocolOptions: {
        [protocol]: { commonHttpProtocolOptions: { idleTimeout: { seconds: 1 } } },
      },
    });
  });

  it('shows its metrics only when asked to', () => {
    expect(names(emitWorkload(workload({ metrics: true })))).toEqual([
      'envoy-metrics-cluster',
      'inbound-prometheus-listener',
    ]);
  });
});
