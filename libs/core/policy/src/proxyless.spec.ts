import {
  compileMesh,
  endpoints,
  namespace,
  pod,
  put,
  routeGroup,
  service,
  settings,
  target,
} from '@osm/policy/testing';
import { describe, expect, it } from 'vitest';

/** Both ends of a call, and a third service; who has a sidecar is up to the test. */
function world(proxyless: { readonly client?: boolean; readonly server?: boolean }) {
  return compileMesh([
    namespace('n'),
    pod('n/cli', { ip: '10.0.0.9', proxyless: proxyless.client ?? false }),
    pod('n/s', { ip: '10.0.0.1', proxyless: proxyless.server ?? false }),
    pod('n/t', { ip: '10.0.0.2' }),
    service('n/s', { ip: '10.96.0.1', ports: ['api:80->8080 grpc', 'raw:90->9090 tcp'] }),
    service('n/t', { ip: '10.96.0.2' }),
    endpoints('n/s', { ports: ['api:8080', 'raw:9090'], at: ['10.0.0.1=s'] }),
    endpoints('n/t', { at: ['10.0.0.2=t'] }),
    routeGroup('n/g', { all: { path: '.*' } }),
    target('n/s', { to: 'n/s', from: ['n/cli'], http: ['g:all'] }),
  ]);
}

describe('a proxyless client', () => {
  it('may call what its account may, by name, and nothing of TCP', () => {
    const mesh = world({ client: true });
    expect(mesh.workloadOf('uuid-cli')).toMatchObject({
      dialect: 'proxyless',
      outbound: { kind: 'by-name', units: ['outbound.n.s.80.proxyless-all'] },
      metrics: false,
    });
    const [outbound] = mesh.outboundsOf('uuid-cli');
    if (outbound === undefined) throw new Error('an outbound');
    expect(outbound).toMatchObject({ dialect: 'proxyless', addresses: [] });
    expect(mesh.upstreamsOf(outbound)).toMatchObject([
      { dialect: 'proxyless', endpoints: [{ ip: '10.0.0.1', port: 8080 }] },
    ]);
  });

  it('may call everything in permissive mode, by a scope of its own', () => {
    const mesh = world({ client: true });
    mesh.apply([put(settings({ permissive: true }))]);
    const { outbound } = mesh.workloadOf('uuid-cli');
    expect(outbound).toEqual({ kind: 'by-name', units: ['scope.proxyless'] });
    expect(mesh.outboundsOf('uuid-cli').map((one) => `${one.service.name}:${one.port}`)).toEqual([
      's:80',
      't:80',
    ]);
  });

  it('makes servers with a sidecar expect handshakes of gRPC', () => {
    expect(world({ client: true }).workloadOf('uuid-t')).toMatchObject({
      hasProxylessClients: true,
    });
  });

  it('knows a headless service before it has pods', () => {
    const mesh = compileMesh([
      namespace('n'),
      pod('n/cli', { proxyless: true }),
      service('n/h', { headless: true }),
      settings({ permissive: true }),
    ]);
    expect(mesh.outboundsOf('uuid-cli').map((one) => one.service.name)).toEqual(['h']);
  });
});

describe('a proxyless server', () => {
  it('has the access that it would have behind a sidecar', () => {
    const bare = world({ server: true }).workloadOf('uuid-s');
    expect(bare.dialect).toBe('proxyless');
    expect(bare.inbound).toEqual(world({}).workloadOf('uuid-s').inbound);
  });

  it('is known to its clients as one that answers the handshake itself', () => {
    const mesh = world({ server: true });
    const upstreams = mesh.outboundsOf('uuid-cli').flatMap(mesh.upstreamsOf);
    expect(upstreams.map(({ hasProxylessServers }) => hasProxylessServers)).toEqual([true, true]);
  });
});

describe('a mesh without proxyless pods', () => {
  it('says nothing of them', () => {
    const mesh = world({});
    expect([...mesh.state.units.keys()].filter((key) => key.includes('proxyless'))).toEqual([]);
    expect(JSON.stringify([...mesh.state.units.values()])).not.toMatch(/proxyless|dialect/i);
  });
});
