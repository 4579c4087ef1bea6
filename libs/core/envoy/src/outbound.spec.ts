import { describe, expect, it } from 'vitest';
import { outboundUnit } from '../testing/index.ts';
import { emitOutbound } from './outbound.ts';
import type { Emitted } from './part.ts';
import { resourceToJson } from './resource-json.ts';

const http = outboundUnit('store').policy;
const tcp = outboundUnit('store', { protocol: 'tcp' }).policy;
const v1 = { upstream: 'cluster.shop.v1.8080.all', weight: 90 };
const v2 = { upstream: 'cluster.shop.v2.8080.all', weight: 10 };

function json({ bundle }: Emitted, type: 'Listener' | 'RouteConfiguration'): unknown {
  const found = bundle.resources.find(({ typeUrl }) => typeUrl.endsWith(`.${type}`));
  return found && resourceToJson(found);
}

describe('an outbound HTTP port', () => {
  it('has a listener on its addresses that binds no port, and routes', () => {
    const emitted = emitOutbound({ ...http, addresses: ['10.96.0.1', '10.96.0.2', 'fd00::1'] });
    const address = (ip: string) => ({ socketAddress: { address: ip, portValue: 80 } });
    expect(json(emitted, 'Listener')).toMatchObject({
      name: 'outbound.shop/store.80',
      bindToPort: false,
      address: address('10.96.0.1'),
      additionalAddresses: [{ address: address('10.96.0.2') }, { address: address('fd00::1') }],
    });
    expect(emitted.bundle.includes).toEqual(['cluster.shop.store.8080.all']);
  });

  it('changes only its routes when weights change', () => {
    const before = emitOutbound({ ...http, backends: [v1, v2] });
    const after = emitOutbound({ ...http, backends: [{ ...v1, weight: 50 }, v2] }, before);
    expect(after.encoded).toBe(1);
    expect(json(after, 'RouteConfiguration')).toMatchObject({
      virtualHosts: [
        {
          routes: [
            {
              route: {
                weightedClusters: {
                  clusters: [
                    { name: 'shop/v1|8080', weight: 50 },
                    { name: 'shop/v2|8080', weight: 10 },
                  ],
                },
              },
            },
          ],
        },
      ],
    });
  });

  it('answers 503 without a backend', () => {
    expect(json(emitOutbound({ ...http, backends: [] }), 'RouteConfiguration')).toMatchObject({
      virtualHosts: [{ routes: [{ match: { prefix: '/' }, directResponse: { status: 503 } }] }],
    });
  });
});

describe('an outbound port of a headless service', () => {
  const pods = { ...tcp, addressesOf: 'pods' as const };
  const listeners = (emitted: Emitted) =>
    emitted.bundle.resources.filter(({ typeUrl }) => typeUrl.endsWith('.Listener'));

  it('has a listener per pod, so that one that comes or goes leaves the others as they are', () => {
    const one = emitOutbound({ ...pods, addresses: ['10.10.0.1'] });
    const two = emitOutbound({ ...pods, addresses: ['10.10.0.1', '10.10.0.2'] }, one);
    expect(listeners(two).map(({ name }) => name)).toEqual([
      'outbound.shop/store.80@10.10.0.1',
      'outbound.shop/store.80@10.10.0.2',
    ]);
    expect(two.encoded).toBe(1);
    expect(listeners(two)[0]).toEqual(listeners(one)[0]);
  });

  it('has one route configuration for all of them when it speaks HTTP', () => {
    const addresses = ['10.10.0.1', '10.10.0.2'];
    const emitted = emitOutbound({ ...http, addressesOf: 'pods', addresses });
    const routes = emitted.bundle.resources.filter(({ typeUrl }) =>
      typeUrl.endsWith('.RouteConfiguration'),
    );
    expect(routes.map(({ name }) => name)).toEqual(['outbound.shop/store.80']);
    expect(listeners(emitted)).toHaveLength(2);
  });

  it('gets TCP to the pod that was dialled', () => {
    const dialled = { upstream: 'dialled.shop.store.8080.all', weight: 100 };
    const emitted = emitOutbound({ ...pods, backends: [dialled] });
    expect(JSON.stringify(listeners(emitted).map(resourceToJson))).toContain(
      '"cluster":"shop/store|8080|dialled"',
    );
  });
});

describe('an outbound TCP port', () => {
  it('passes bytes on to one cluster, or to several by weight', () => {
    const filter = (cluster: object) => ({
      filterChains: [
        { filters: [{ name: 'set_filter_state' }, { name: 'tcp_proxy', typedConfig: cluster }] },
      ],
    });
    expect(json(emitOutbound({ ...tcp, backends: [v1] }), 'Listener')).toMatchObject(
      filter({ cluster: 'shop/v1|8080' }),
    );
    expect(json(emitOutbound({ ...tcp, backends: [v1, v2] }), 'Listener')).toMatchObject(
      filter({
        weightedClusters: {
          clusters: [
            { name: 'shop/v1|8080', weight: 90 },
            { name: 'shop/v2|8080', weight: 10 },
          ],
        },
      }),
    );
  });

  it('lets the client say who it is, the same listener for all clients', () => {
    const emitted = emitOutbound({ ...tcp, trustDomain: 'mesh.example', backends: [v1] });
    expect(JSON.stringify(json(emitted, 'Listener'))).toContain(
      '"inlineString":"osm/%ENVIRONMENT(SERVICE_ACCOUNT)%.%ENVIRONMENT(POD_NAMESPACE)%.mesh.example,osm"',
    );
  });

  it('closes connections without a backend, and has no routes', () => {
    const emitted = emitOutbound({ ...tcp, backends: [] });
    expect(json(emitted, 'Listener')).toMatchObject({ filterChains: [{}] });
    expect(JSON.stringify(json(emitted, 'Listener'))).not.toContain('filters');
    expect(json(emitted, 'RouteConfiguration')).toBeUndefined();
  });
});
