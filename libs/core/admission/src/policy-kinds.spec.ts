import { describe, expect, it } from 'vitest';
import { review, written, type WrittenManifest } from '../testing/world.ts';

const store = written('Service', 'store', {
  clusterIP: '10.0.0.1',
  selector: { app: 'store' },
  ports: [{ port: 80, targetPort: 14001 }],
});
const buyer = written('ServiceAccount', 'buyer', undefined);

/** That the kind is not enacted yet is said of all of these. */
function verdict(
  object: WrittenManifest,
  others: readonly WrittenManifest[] = [],
  before?: WrittenManifest,
) {
  const { refusals, warnings } = review(object, [store, buyer, ...others], before);
  const prefix = `${object.kind} ${object.metadata.namespace}/${object.metadata.name}: `;
  const short = (text: string): string => text.replace(prefix, '');
  return {
    refusals: refusals.map(short),
    warnings: warnings.filter((text) => !text.includes('not supported yet')).map(short),
  };
}
const admitted = { refusals: [], warnings: [] };

describe('an IngressBackend', () => {
  const backend = (parts: object = {}) => ({
    name: 'store',
    port: { number: 14001, protocol: 'http' },
    ...parts,
  });
  const gateway = { kind: 'Service', name: 'gateway', namespace: 'edge' };
  const principal = { kind: 'AuthenticatedPrincipal', name: 'gateway.edge.cluster.local' };
  const ingress = (
    backends: readonly object[],
    sources: readonly object[] = [gateway],
    name = 'in',
  ) => written('IngressBackend', name, { backends, sources });
  const https = (tls: object) => backend({ port: { number: 14001, protocol: 'https' }, tls });

  it('of OSM’s documentation is admitted, in capitals too', () => {
    expect(verdict(ingress([backend()]))).toEqual(admitted);
    const capitals = backend({ port: { number: 14001, protocol: 'HTTP' } });
    expect(verdict(ingress([capitals]))).toEqual(admitted);
    const checked = https({ skipClientCertValidation: false });
    expect(verdict(ingress([checked], [gateway, principal]))).toEqual(admitted);
  });

  it('that skips the check of certificates needs no principal; OSM asked for one', () => {
    expect(verdict(ingress([https({ skipClientCertValidation: true })]))).toEqual(admitted);
  });

  it('that checks certificates must say whose', () => {
    for (const tls of [{ skipClientCertValidation: false }, {}]) {
      const { refusals } = verdict(ingress([https(tls)]));
      expect(refusals).toHaveLength(1);
      expect(refusals[0]).toContain('must have an AuthenticatedPrincipal');
    }
  });

  it('is refused with an unknown protocol, a backend twice, or a source that says nothing', () => {
    const tcp = backend({ port: { number: 14001, protocol: 'tcp' } });
    expect(verdict(ingress([tcp])).refusals).toEqual([
      'spec.backends[0].port.protocol is "tcp"; use http or https',
    ]);
    expect(verdict(ingress([backend(), backend()])).refusals).toEqual([
      'spec.backends[1] repeats service store port 14001; each service and port may be there once',
    ]);
    const sources = [
      { kind: 'Service', name: 'gateway' },
      { kind: 'AuthenticatedPrincipal', name: '' },
      { kind: 'IPRange', name: '10.0.0.0/33' },
      { kind: 'Pod', name: 'x' },
    ];
    expect(verdict(ingress([backend()], sources)).refusals).toEqual([
      'spec.sources[0] is a Service and needs a name and a namespace',
      'spec.sources[1] is an AuthenticatedPrincipal and needs a name',
      'spec.sources[2].name is "10.0.0.0/33", which is no IP range; write it such as 10.0.0.0/8',
      'spec.sources[3].kind is Pod; use Service, AuthenticatedPrincipal or IPRange',
    ]);
  });

  it.each(['10.0.0.0/8', '0.0.0.0/0', 'fd00::/8', '::/0', '2001:db8::1/128'])(
    'may let in %s',
    (name) => {
      expect(verdict(ingress([backend()], [{ kind: 'IPRange', name }]))).toEqual(admitted);
    },
  );
  it.each(['10.0.0.0', '10.0.0/8', '256.0.0.0/8', 'fd00::1::/8', 'fd00::/129', 'any'])(
    'may not let in %s',
    (name) => {
      const { refusals } = verdict(ingress([backend()], [{ kind: 'IPRange', name }]));
      expect(refusals).toHaveLength(1);
    },
  );

  it('conflicts with another of its namespace, not of another one', () => {
    const other = ingress([backend()], [gateway], 'other');
    expect(verdict(ingress([backend()]), [other]).refusals).toEqual([
      'IngressBackend shop/other has service store port 14001 already; keep one',
    ]);
    const elsewhere = { ...other, metadata: { name: 'other', namespace: 'elsewhere' } };
    expect(verdict(ingress([backend()]), [elsewhere])).toEqual(admitted);
    expect(verdict(ingress([backend()]), [ingress([backend()])])).toEqual(admitted);
  });

  it('with the service’s port instead of the container’s is told', () => {
    const wrong = backend({ port: { number: 80, protocol: 'http' } });
    expect(verdict(ingress([wrong])).warnings).toEqual([
      'spec.backends[0].port.number is 80, but the target ports of service store are 14001',
    ]);
    expect(verdict(ingress([backend({ name: 'lost' })])).warnings).toEqual([
      'spec.backends[0]: there is no service shop/lost',
    ]);
  });
});

describe('an Egress', () => {
  const egress = (parts: object) =>
    written('Egress', 'out', {
      sources: [{ kind: 'ServiceAccount', name: 'buyer', namespace: 'shop' }],
      hosts: ['httpbin.org'],
      ports: [{ number: 80, protocol: 'http' }],
      ...parts,
    });
  const group = written('HTTPRouteGroup', 'paths', { matches: [{ name: 'get', pathRegex: '/' }] });
  const routes = { apiGroup: 'specs.smi-spec.io/v1alpha4', kind: 'HTTPRouteGroup', name: 'paths' };
  const setting = {
    apiGroup: 'policy.openservicemesh.io/v1alpha1',
    kind: 'UpstreamTrafficSetting',
    name: 'limits',
  };

  it('of OSM’s documentation is admitted', () => {
    expect(verdict(egress({}))).toEqual(admitted);
    expect(verdict(egress({ matches: [routes] }), [group])).toEqual(admitted);
  });

  it('is refused with matches of another kind, of another API, or two settings', () => {
    const matches = [
      { ...routes, kind: 'TCPRoute' },
      { ...routes, apiGroup: 'specs.smi-spec.io' },
    ];
    expect(verdict(egress({ matches }), [group]).refusals).toEqual([
      'spec.matches[0].kind is TCPRoute; use HTTPRouteGroup or UpstreamTrafficSetting',
      'spec.matches[1].apiGroup is "specs.smi-spec.io"; of HTTPRouteGroup it is specs.smi-spec.io/v1alpha4',
    ]);
    expect(verdict(egress({ matches: [setting, setting] })).refusals).toEqual([
      'spec.matches has more than one UpstreamTrafficSetting; keep the one that is to hold',
    ]);
  });

  it('is refused with a protocol that no sidecar knows', () => {
    expect(verdict(egress({ ports: [{ number: 53, protocol: 'udp' }] })).refusals).toEqual([
      'spec.ports[0].protocol is "udp"; use one of http, https, tcp, tcp-server-first',
    ]);
  });

  it('is told of references that lead nowhere', () => {
    expect(verdict(egress({ matches: [routes, setting] })).warnings).toEqual([
      'spec.matches[0]: there is no HTTPRouteGroup shop/paths',
      'spec.matches[1]: there is no UpstreamTrafficSetting shop/limits',
    ]);
  });
});

describe('an UpstreamTrafficSetting', () => {
  const host = 'store.shop.svc.cluster.local';
  const setting = (parts: object, name = 'limits') =>
    written('UpstreamTrafficSetting', name, { host, ...parts });

  it('is admitted when it limits a service of its namespace', () => {
    const connectionSettings = { tcp: { maxConnections: 1, connectTimeout: '1s' } };
    expect(verdict(setting({ connectionSettings }))).toEqual(admitted);
  });

  it('is refused when another one has its host; OSM had this rule and never ran it', () => {
    expect(verdict(setting({}), [setting({}, 'first')]).refusals).toEqual([
      `UpstreamTrafficSetting shop/first has spec.host ${host} already; keep one`,
    ]);
  });

  it('is refused with what a sidecar would not take', () => {
    const parts = {
      connectionSettings: { tcp: { connectTimeout: 'soon' } },
      rateLimit: { local: { http: { requests: 1, unit: 'second', responseStatusCode: 418 } } },
      httpRoutes: [{ path: '/a' }, { path: '/a' }],
    };
    expect(verdict(setting(parts)).refusals).toEqual([
      'spec.connectionSettings.tcp.connectTimeout is "soon"; write a duration such as 250ms or 1s',
      'spec.rateLimit.local.http.responseStatusCode is 418, which Envoy cannot answer with; use 429',
      'spec.httpRoutes[1].path repeats "/a"; keep one',
    ]);
  });

  it('is told where it has no effect', () => {
    expect(verdict(setting({ host: 'store.other.svc.cluster.local' })).warnings).toEqual([
      'spec.host is of namespace other, where this setting has no effect; move it there',
    ]);
    expect(verdict(setting({ httpRoutes: [{ path: '/a' }] })).warnings).toEqual([
      'spec.httpRoutes[0].path: no HTTPRouteGroup of shop has the pathRegex "/a"',
    ]);
  });
});

describe('Retry and Telemetry', () => {
  it('are refused with kinds and durations that mean nothing', () => {
    const retry = written('Retry', 'r', {
      source: { kind: 'Pod', name: 'x', namespace: 'shop' },
      destinations: [{ kind: 'Pod', name: 'store', namespace: 'shop' }],
      retryPolicy: {
        retryOn: '5xx',
        perTryTimeout: '1',
        numRetries: 3,
        retryBackoffBaseInterval: '1s',
      },
    });
    expect(verdict(retry).refusals).toEqual([
      'spec.source.kind is Pod; use ServiceAccount',
      'spec.destinations[0].kind is Pod; use Service',
      'spec.retryPolicy.perTryTimeout is "1"; write a duration such as 250ms or 1s',
    ]);
  });

  it('a Telemetry without accessLog, which crashed OSM, is admitted with a warning', () => {
    expect(verdict(written('Telemetry', 't', { selector: { app: 'x' } }))).toEqual({
      refusals: [],
      warnings: ['spec.accessLog is missing, so it changes nothing'],
    });
  });
});

describe('a MeshRootCertificate', () => {
  const provider = { tresor: { ca: { secretRef: { name: 'ca', namespace: 'osm-system' } } } };
  const root = (name: string, parts: object) =>
    written(
      'MeshRootCertificate',
      name,
      { trustDomain: 'cluster.local', spiffeEnabled: false, provider, ...parts },
      'osm-system',
    );
  const active = root('first', { role: 'active' });
  const passive = root('second', { role: 'passive' });
  const change = (from: WrittenManifest, parts: object, others: readonly WrittenManifest[]) =>
    verdict({ ...from, spec: { ...(from.spec as object), ...parts } }, [from, ...others], from)
      .refusals;

  it('is created active first, then passive; one of before 1.3 has no role', () => {
    expect(verdict(active)).toEqual(admitted);
    expect(verdict(root('old', {}))).toEqual(admitted);
    expect(verdict(passive, [active])).toEqual(admitted);
    expect(verdict(root('spare', { role: 'inactive' }), [active, passive])).toEqual(admitted);
  });

  it('is refused with a role that another one has, or as the third in use', () => {
    expect(verdict(root('third', { role: 'active' }), [active]).refusals).toEqual([
      'MeshRootCertificate first is active already; create this one as passive, and make it active later',
    ]);
    const both = [active, root('second', { role: 'active' })];
    expect(verdict(root('third', { role: 'passive' }), both).refusals).toEqual([
      'first and second are in use already; make one of them inactive first',
    ]);
  });

  it('is refused when it is incomplete', () => {
    const vault = { host: 'vault', port: 8200, role: 'osm', protocol: 'http' };
    const parts = { trustDomain: '', role: 'main', provider: { vault } };
    expect(verdict(root('first', parts)).refusals).toEqual([
      'spec.trustDomain is empty; write it such as cluster.local',
      'spec.role is main; use active, passive, or inactive (no longer in use)',
      'spec.provider.vault.token.secretKeyRef.name is missing',
      'spec.provider.vault.token.secretKeyRef.key is missing',
      'spec.provider.vault.token.secretKeyRef.namespace is missing',
    ]);
    expect(verdict(root('first', { provider: {} })).refusals).toHaveLength(1);
  });

  it('never changes what it is', () => {
    expect(change(active, { trustDomain: 'other', spiffeEnabled: true }, [])).toEqual([
      'spec.trustDomain cannot change; create another MeshRootCertificate, and rotate to it',
      'spec.spiffeEnabled cannot change; create another MeshRootCertificate, and rotate to it',
    ]);
  });

  it('rotates: passive to active, then the old one to passive, then inactive', () => {
    const second = root('second', { role: 'active' });
    expect(change(passive, { role: 'active' }, [active])).toEqual([]);
    expect(change(active, { role: 'passive' }, [second])).toEqual([]);
    const retired = root('first', { role: 'passive' });
    expect(change(retired, { role: 'inactive' }, [second])).toEqual([]);
  });

  it('is refused a step that leaves nobody active, or skips one', () => {
    expect(change(active, { role: 'passive' }, [])).toEqual([
      'no root would be active; make another one active first',
    ]);
    const [skipped] = change(active, { role: 'inactive' }, [passive]);
    expect(skipped).toBe('spec.role cannot go from active to inactive; make it passive in between');
    const inactive = root('third', { role: 'inactive' });
    expect(change(inactive, { role: 'passive' }, [active, passive])).toEqual([
      'more than two roots would be in use; make one of them inactive',
    ]);
  });
});
