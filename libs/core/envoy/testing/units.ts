import type {
  CapturePolicy,
  InboundPolicy,
  OutboundPolicy,
  PolicyUnit,
  TlsSettings,
  UpstreamPolicy,
  WorkloadPolicy,
} from '@osm/policy';

/** The mesh's defaults. */
export const tls: TlsSettings = {
  minProtocolVersion: 'TLSv1_2',
  maxProtocolVersion: 'TLSv1_3',
  cipherSuites: [],
  ecdhCurves: [],
};

type Unit<Kind extends PolicyUnit['kind']> = Extract<PolicyUnit, { kind: Kind }>;

/** An upstream of a service in the namespace shop; `change` replaces what a test is about. */
export function upstreamUnit(name: string, change: Partial<UpstreamPolicy> = {}): Unit<'upstream'> {
  return {
    kind: 'upstream',
    policy: {
      key: `cluster.shop.${name}.8080.all`,
      service: { namespace: 'shop', name },
      targetPort: 8080,
      sni: `${name}.shop.svc.cluster.local`,
      serverPrincipals: [`${name}.shop.cluster.local`],
      endpoints: [{ ip: '10.10.0.1', port: 8080 }],
      choice: 'proxy',
      tls,
      ...change,
    },
  };
}

/** Port 80 of a service; its address depends on the length of the name. */
export function outboundUnit(name: string, change: Partial<OutboundPolicy> = {}): Unit<'outbound'> {
  return {
    kind: 'outbound',
    policy: {
      key: `outbound.shop.${name}.80.all`,
      service: { namespace: 'shop', name },
      port: 80,
      protocol: 'http',
      addresses: [`10.96.0.${name.length}`],
      addressesOf: 'service',
      domains: [name],
      trustDomain: 'cluster.local',
      backends: [{ upstream: `cluster.shop.${name}.8080.all`, weight: 100 }],
      whole: undefined,
      ...change,
    },
  };
}

/** How connections are taken; `change` replaces what a test is about. */
export function captureUnit(change: Partial<CapturePolicy> = {}): Unit<'capture'> {
  return {
    kind: 'capture',
    policy: { key: 'capture.all', serverFirstPorts: [], egress: false, ...change },
  };
}

/** A workload that may call port 80 of the named services. */
export function workloadUnit(
  name: string,
  callable: readonly string[],
  change: Partial<WorkloadPolicy> = {},
): Unit<'workload'> {
  return {
    kind: 'workload',
    policy: {
      key: `workload.shop.${name}.0`,
      identity: { namespace: 'shop', serviceAccount: name },
      inbound: [],
      outbound: {
        kind: 'listed',
        units: callable.map((service) => `outbound.shop.${service}.80.all`),
        capture: 'capture.all',
      },
      metrics: false,
      tls,
      ...change,
    },
  };
}

/** A target port with an access. */
export function inboundPort(
  access: InboundPolicy['access'],
  change: Partial<InboundPolicy> = {},
): InboundPolicy {
  return {
    targetPort: 8080,
    protocol: access.kind.startsWith('http') ? 'http' : 'tcp',
    serverNames: ['store.shop.svc.cluster.local'],
    access,
    ...change,
  };
}
