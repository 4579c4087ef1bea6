import { kubectl, kubectlJson } from './kubectl.ts';
import { meshConfigName, meshNamespace } from './mesh.ts';

/** The spec of the MeshConfig, as far as OSM's tests look at it. */
export interface MeshConfigSpec {
  readonly traffic: {
    readonly enablePermissiveTrafficPolicyMode: boolean;
    readonly enableEgress: boolean;
  };
  readonly sidecar: { readonly logLevel: string };
  readonly observability: {
    readonly enableDebugServer: boolean;
    readonly tracing: { readonly enable: boolean };
  };
  readonly certificate: { readonly serviceCertValidityDuration: string };
}

export async function meshConfig(): Promise<MeshConfigSpec> {
  const { spec } = await kubectlJson<{ readonly spec: MeshConfigSpec }>(
    ...['get', 'meshconfig', meshConfigName, '-n', meshNamespace],
  );
  return spec;
}

/** The certificate of the root of the mesh, as its Secret has it. */
export function rootCertificate(): Promise<string> {
  return kubectl(
    ...['get', 'secret', 'osm-ca-bundle', '-n', meshNamespace, '-o', 'jsonpath={.data.ca\\.crt}'],
  );
}

/** `kind/name` of everything of the control plane that runs, is allowed something, or is asked by the API server. */
export async function runningParts(): Promise<readonly string[]> {
  const inNamespace = [
    'pods,deployments,statefulsets,jobs,cronjobs,services,configmaps',
    'serviceaccounts,roles,rolebindings,networkpolicies,poddisruptionbudgets',
  ];
  const clusterWide =
    'clusterroles,clusterrolebindings,mutatingwebhookconfigurations,validatingwebhookconfigurations';
  const ours = ['-l', 'app.kubernetes.io/name=openservicemesh.io', '-o', 'name'];
  const found = [
    await kubectl('get', inNamespace.join(','), '-n', meshNamespace, ...ours),
    await kubectl('get', clusterWide, ...ours),
  ];
  return found.flatMap((text) => text.split('\n').filter((line) => line !== ''));
}
