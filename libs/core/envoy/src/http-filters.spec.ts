import { describe, expect, it } from 'vitest';
import { inboundPort, outboundUnit, workloadUnit } from '../testing/index.ts';
import { emitOutbound } from './outbound.ts';
import type { Emitted } from './part.ts';
import { resourceToJson } from './resource-json.ts';
import { emitWorkload } from './workload.ts';

/** The connection manager in the first chain of the unit's listener. */
function manager({ bundle }: Emitted): unknown {
  const listener = bundle.resources.find(({ typeUrl }) => typeUrl.endsWith('.Listener'));
  const { filterChains } = (listener && resourceToJson(listener)) as {
    readonly filterChains: readonly [{ readonly filters: readonly [{ typedConfig: unknown }] }];
  };
  return filterChains[0].filters[0].typedConfig;
}

describe('the HTTP connection manager', () => {
  const client = manager(emitOutbound(outboundUnit('store').policy));
  const inbound = [inboundPort({ kind: 'http-permissive' })];
  const server = manager(emitWorkload(workloadUnit('store', [], { inbound }).policy));

  it.each([
    ['client', client],
    ['server', server],
  ])('of a %s lets a stream be quiet, and leaves the answer to Expect to the server', (_, http) => {
    expect(http).toMatchObject({ streamIdleTimeout: {}, proxy100Continue: true });
  });

  it.each([
    ['client', client],
    ['server', server],
  ])('of a %s passes the trailers of HTTP/1.1', (_, http) => {
    expect(http).toMatchObject({ httpProtocolOptions: { enableTrailers: true } });
  });

  it.each([
    ['client', client],
    ['server', server],
  ])('of a %s holds little for a reader of HTTP/2 that does not read', (_, http) => {
    expect(http).toMatchObject({ http2ProtocolOptions: { initialStreamWindowSize: 1_048_576 } });
  });

  it('of a client serves HTTP/1.0, also without a host', () => {
    expect(client).toMatchObject({
      httpProtocolOptions: {
        acceptHttp10: true,
        defaultHostForHttp10: 'store.shop.svc.cluster.local',
      },
    });
  });

  it('of a server checks who calls, that of a client does not', () => {
    expect(server).toMatchObject({ httpFilters: [{ name: 'rbac' }, { name: 'router' }] });
    expect(client).toMatchObject({ httpFilters: [{ name: 'router' }] });
  });
});
