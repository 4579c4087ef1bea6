import { meshConfigManifest, meshedNamespaceManifest, type Manifest } from '../mesh/manifests.ts';
import { deployment, type MeshMode } from './paper-mesh.ts';

/** The two ways of a request that are compared: the same programs, with sidecars and without. */
export const paths = {
  meshed: { client: 'meshed/client', server: 'meshed/server', host: 'server.meshed' },
  plain: { client: 'plain/client', server: 'plain/server', host: 'server.plain' },
} as const;

export type PathName = keyof typeof paths;

/** A client and a server with sidecars, and a client and a server without. */
export function trafficMesh(mode: MeshMode): ReadonlyMap<string, string> {
  const manifests: readonly Manifest[] = [
    meshedNamespaceManifest('meshed'),
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'plain' } },
    meshConfigManifest({ permissive: mode === 'permissive', egress: false }),
    ...['meshed', 'plain'].flatMap((namespace) => [
      ...deployment({ namespace, name: 'server', args: ['serve'] }),
      ...deployment({ namespace, name: 'client', args: ['client'] }),
      service(namespace),
    ]),
    ...(mode === 'smi' ? access : []),
  ];
  const text = manifests.map((manifest) => `${JSON.stringify(manifest)}\n`).join('---\n');
  return new Map([['traffic.yaml', text]]);
}

function service(namespace: string): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'server', namespace },
    spec: {
      selector: { app: 'server' },
      ports: [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' }],
    },
  };
}

const access: readonly Manifest[] = [
  {
    apiVersion: 'specs.smi-spec.io/v1alpha4',
    kind: 'HTTPRouteGroup',
    metadata: { name: 'server', namespace: 'meshed' },
    spec: { matches: [{ name: 'read', pathRegex: '/.*', methods: ['GET'] }] },
  },
  {
    apiVersion: 'access.smi-spec.io/v1alpha3',
    kind: 'TrafficTarget',
    metadata: { name: 'server', namespace: 'meshed' },
    spec: {
      destination: { kind: 'ServiceAccount', name: 'server', namespace: 'meshed' },
      sources: [{ kind: 'ServiceAccount', name: 'client', namespace: 'meshed' }],
      rules: [{ kind: 'HTTPRouteGroup', name: 'server', matches: ['read'] }],
    },
  },
];
