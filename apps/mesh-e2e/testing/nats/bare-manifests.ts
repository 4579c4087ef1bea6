/** A pod of the mesh in which no program runs: its proxy is the test's. */
export interface BarePod {
  readonly serviceAccount: string;
  readonly uuid: string;
  readonly ip: string;
}

export const namespace = 'bare';

/** Their service accounts; each pod stands behind a service of the same name. */
export const bareAccounts = ['shop', 'buyer', 'late'] as const;
export type BareAccount = (typeof bareAccounts)[number];

export function barePod(serviceAccount: BareAccount): BarePod {
  const number = bareAccounts.indexOf(serviceAccount) + 1;
  return {
    serviceAccount,
    uuid: `00000000-0000-4000-8000-00000000000${number}`,
    ip: `10.9.0.${number}`,
  };
}

/** Everything that no test changes. */
export function fixedManifests(): string {
  const head = `apiVersion: v1
kind: Namespace
metadata: { name: ${namespace}, labels: { openservicemesh.io/monitored-by: osm } }
---
apiVersion: specs.smi-spec.io/v1alpha4
kind: HTTPRouteGroup
metadata: { name: all, namespace: ${namespace} }
spec: { matches: [{ name: all, pathRegex: '.*', methods: ['*'] }] }
`;
  return [head, ...bareAccounts.map((account) => workload(barePod(account)))].join('---\n');
}

function workload({ serviceAccount: name, uuid, ip }: BarePod): string {
  return `apiVersion: v1
kind: ServiceAccount
metadata: { name: ${name}, namespace: ${namespace} }
---
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: ${namespace} }
spec:
  clusterIP: ${ip.replace('10.9.', '10.10.')}
  selector: { app: ${name} }
  ports: [{ name: http, port: 80, targetPort: 8080, protocol: TCP }]
---
apiVersion: v1
kind: Pod
metadata: { name: ${name}-1, namespace: ${namespace}, labels: { app: ${name}, osm-proxy-uuid: ${uuid} } }
spec:
  serviceAccountName: ${name}
  containers: [{ name: app, image: app, ports: [{ containerPort: 8080 }] }]
status: { phase: Running, podIP: ${ip}, podIPs: [{ ip: ${ip} }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: ${name}-slice, namespace: ${namespace}, labels: { kubernetes.io/service-name: ${name} } }
addressType: IPv4
ports: [{ name: http, port: 8080, protocol: TCP }]
endpoints:
  - addresses: [${ip}]
    conditions: { ready: true, serving: true, terminating: false }
    targetRef: { kind: Pod, namespace: ${namespace}, name: ${name}-1 }
`;
}

/** Who may call a service. */
export function targetManifest(destination: BareAccount, sources: readonly BareAccount[]): string {
  const source = (name: string): string =>
    `    - { kind: ServiceAccount, name: ${name}, namespace: ${namespace} }\n`;
  return `apiVersion: access.smi-spec.io/v1alpha3
kind: TrafficTarget
metadata: { name: ${destination}, namespace: ${namespace} }
spec:
  destination: { kind: ServiceAccount, name: ${destination}, namespace: ${namespace} }
  rules: [{ kind: HTTPRouteGroup, name: all, matches: [all] }]
  sources:
${sources.map(source).join('')}`;
}

/** An EndpointSlice of so many bytes in the bucket `catalog` that belongs to no service and reaches no proxy. */
export function ballastManifest(slice: number, bytes: number): string {
  const endpoint = (index: number): string =>
    `  - addresses: [10.11.${slice}.${index % 250}]
    conditions: { ready: true, serving: true, terminating: false }
    targetRef: { kind: Pod, namespace: ${namespace}, name: ${`p${index}-`.padEnd(240, 'x')}z }
`;
  return `apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: ballast-${slice}, namespace: ${namespace}, labels: { kubernetes.io/service-name: ballast } }
addressType: IPv4
ports: [{ name: http, port: 8080, protocol: TCP }]
endpoints:
${Array.from({ length: Math.ceil(bytes / 270) }, (_each, index) => endpoint(index)).join('')}`;
}
