import { renderFile, renderMesh } from '../mesh/files.ts';
import { meshedNamespaceManifest, type Manifest } from '../mesh/manifests.ts';
import { planMesh } from '../mesh/plan.ts';

/** How a mesh decides who may call whom. */
export type MeshMode = 'smi' | 'permissive';

/** The client whose proxy is measured. */
export const paperClient = { namespace: 'measured', name: 'client' } as const;

const podsPerService = 2;

/**
 * A mesh of so many services, each with two pods and an account of its own, all of which the client may call. The pods exist on paper
 * only: what a proxy holds of them is the same.
 */
export function paperMesh(services: number, mode: MeshMode): ReadonlyMap<string, string> {
  const plan = planMesh({ services, replicas: podsPerService, callers: 1, seed: 1, mode });
  const targets = plan.services.map((service): Manifest => ({
    apiVersion: 'access.smi-spec.io/v1alpha3',
    kind: 'TrafficTarget',
    metadata: { name: `client-${service.name}`, namespace: service.namespace },
    spec: {
      destination: {
        kind: 'ServiceAccount',
        name: service.name,
        namespace: service.namespace,
      },
      sources: [{ kind: 'ServiceAccount', ...paperClient }],
      rules: [{ kind: 'HTTPRouteGroup', name: service.name, matches: ['read', 'order'] }],
    },
  }));
  const files = mode === 'smi' ? [renderFile('client-targets.yaml', targets)] : [];
  return new Map(
    [...renderMesh({ ...plan, splits: [] }), ...files].map(({ name, text }) => [name, text]),
  );
}

/** The client's pod: a sidecar, and a program that does nothing. */
export function paperClientFile(): ReadonlyMap<string, string> {
  const { namespace, name } = paperClient;
  return new Map([
    [
      'client.yaml',
      [meshedNamespaceManifest(namespace), deployment({ namespace, name, args: ['idle'] })]
        .flat()
        .map((manifest) => `${JSON.stringify(manifest)}\n`)
        .join('---\n'),
    ],
  ]);
}

/** A Deployment of one pod of the benchmark's image, and its account. */
export function deployment(options: {
  readonly namespace: string;
  readonly name: string;
  readonly args: readonly string[];
}): readonly Manifest[] {
  const { namespace, name, args } = options;
  const metadata = { name, namespace };
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: {
        selector: { matchLabels: { app: name } },
        template: {
          metadata: { labels: { app: name } },
          spec: {
            serviceAccountName: name,
            terminationGracePeriodSeconds: 1,
            containers: [{ name: 'app', image: 'bench/load', args }],
          },
        },
      },
    },
  ];
}
