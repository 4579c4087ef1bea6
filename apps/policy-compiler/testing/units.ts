import type { OutboundPolicy, PolicyUnit, UpstreamPolicy, WorkloadPolicy } from '@osm/policy';

// Units made by hand, also such as @osm/policy would not make.

const tls = {
  minProtocolVersion: 'TLSv1_2',
  maxProtocolVersion: 'TLSv1_3',
  cipherSuites: [],
  ecdhCurves: [],
};

export function upstreamUnit(name: string, change: Partial<UpstreamPolicy> = {}): PolicyUnit {
  return {
    kind: 'upstream',
    policy: {
      key: `cluster.shop.${name}.8080.all`,
      service: { namespace: 'shop', name },
      targetPort: 8080,
      sni: `${name}.shop.svc.cluster.local`,
      serverPrincipals: [`${name}.shop.cluster.local`],
      endpoints: [],
      tls,
      ...change,
    },
  };
}

export function outboundUnit(name: string, change: Partial<OutboundPolicy> = {}): PolicyUnit {
  return {
    kind: 'outbound',
    policy: {
      key: `outbound.shop.${name}.80.all`,
      service: { namespace: 'shop', name },
      port: 80,
      protocol: 'http',
      addresses: [`10.96.0.${name.length}`],
      domains: [name],
      backends: [{ upstream: `cluster.shop.${name}.8080.all`, weight: 100 }],
      ...change,
    },
  };
}

export function workloadUnit(name: string, callable: readonly string[]): PolicyUnit {
  const policy: WorkloadPolicy = {
    key: `workload.shop.${name}.0`,
    identity: { namespace: 'shop', serviceAccount: name },
    inbound: [],
    outbound: {
      kind: 'listed',
      units: callable.map((service) => `outbound.shop.${service}.80.all`),
    },
    egress: false,
    metrics: false,
    tls,
  };
  return { kind: 'workload', policy };
}
