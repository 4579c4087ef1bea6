import { closest } from '../fields/closest.ts';
import { parseEndpointSlice } from './endpoint-slice.ts';
import { parseHttpRouteGroup } from './http-route-group.ts';
import type { KindParser } from './kind-parser.ts';
import { parseMeshConfig } from './mesh-config.ts';
import { parseNamespace } from './namespace.ts';
import { parsePod } from './pod.ts';
import { parseService } from './service.ts';
import { parseServiceAccount } from './service-account.ts';
import { parseTcpRoute } from './tcp-route.ts';
import { parseTrafficSplit } from './traffic-split.ts';
import { parseTrafficTarget } from './traffic-target.ts';

/** What the mesh does with a kind of object. */
export type Kind =
  | {
      readonly kind: 'parsed';
      readonly versions: readonly string[];
      readonly parse: KindParser;
      /** Policy without effect outside the mesh is worth a warning; a Service there is everyday life. */
      readonly policy: boolean;
    }
  | { readonly kind: 'unsupported'; readonly remedy: string }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'ignored' };

const core = (parse: KindParser, ...versions: readonly string[]): Kind => ({
  kind: 'parsed',
  versions,
  parse,
  policy: false,
});
const policy = (parse: KindParser, ...versions: readonly string[]): Kind => ({
  kind: 'parsed',
  versions,
  parse,
  policy: true,
});
const notYet: Kind = { kind: 'unsupported', remedy: 'it has no effect' };

/** Kinds by `<API group>/<kind>`; the core group is empty. Versions as OSM and SMI served them. */
const kinds: Readonly<Record<string, Kind>> = {
  '/Namespace': core(parseNamespace, 'v1'),
  '/ServiceAccount': core(parseServiceAccount, 'v1'),
  '/Service': core(parseService, 'v1'),
  '/Pod': core(parsePod, 'v1'),
  'discovery.k8s.io/EndpointSlice': core(parseEndpointSlice, 'v1'),
  'access.smi-spec.io/TrafficTarget': policy(
    parseTrafficTarget,
    'v1alpha3',
    'v1alpha2',
    'v1alpha1',
  ),
  'specs.smi-spec.io/HTTPRouteGroup': policy(
    parseHttpRouteGroup,
    'v1alpha4',
    'v1alpha3',
    'v1alpha2',
    'v1alpha1',
  ),
  'specs.smi-spec.io/TCPRoute': policy(
    parseTcpRoute,
    'v1alpha4',
    'v1alpha3',
    'v1alpha2',
    'v1alpha1',
  ),
  'specs.smi-spec.io/UDPRoute': { kind: 'unsupported', remedy: 'UDP does not go through the mesh' },
  'split.smi-spec.io/TrafficSplit': policy(
    parseTrafficSplit,
    'v1alpha4',
    'v1alpha3',
    'v1alpha2',
    'v1alpha1',
  ),
  'config.openservicemesh.io/MeshConfig': core(parseMeshConfig, 'v1alpha2', 'v1alpha1'),
  'config.openservicemesh.io/MeshRootCertificate': notYet,
  'config.openservicemesh.io/ExtensionService': notYet,
  'policy.openservicemesh.io/Egress': notYet,
  'policy.openservicemesh.io/IngressBackend': notYet,
  'policy.openservicemesh.io/Retry': notYet,
  'policy.openservicemesh.io/UpstreamTrafficSetting': notYet,
  'policy.openservicemesh.io/Telemetry': notYet,
};

const meshGroups = new Set([
  'access.smi-spec.io',
  'specs.smi-spec.io',
  'split.smi-spec.io',
  'config.openservicemesh.io',
  'policy.openservicemesh.io',
]);

/** Kinds of Kubernetes that people write beside those of the mesh: known, and of no interest. The core group is empty. */
const kubernetes: Readonly<Record<string, readonly string[]>> = {
  '': [
    // Endpoints: Kubernetes copies them into EndpointSlices, and so does the playground.
    ...[
      'ConfigMap',
      'Endpoints',
      'LimitRange',
      'List',
      'Node',
      'PersistentVolume',
      'PersistentVolumeClaim',
    ],
    ...['PodTemplate', 'ReplicationController', 'ResourceQuota', 'Secret'],
  ],
  apps: ['ControllerRevision', 'DaemonSet', 'Deployment', 'ReplicaSet', 'StatefulSet'],
};

/**
 * What the mesh does with objects of this group and kind. Kinds of other groups are ignored without a word, unless the name looks like
 * a slip of the pen: files have no API server that would refuse it.
 */
export function kindOf(group: string, kind: string): Kind {
  const name = `${group}/${kind}`;
  const found = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
  if (found !== undefined) return found;
  if (meshGroups.has(group) || meantGroup(group) !== undefined) return { kind: 'unknown' };
  const isSlip = !othersOf(group).includes(kind) && meantKind(group, kind) !== undefined;
  return { kind: isSlip ? 'unknown' : 'ignored' };
}

/** The kind of that group that an unknown one was probably meant to be. */
export function meantKind(group: string, kind: string): string | undefined {
  const own = Object.keys(kinds)
    .filter((name) => name.startsWith(`${group}/`))
    .map((name) => name.slice(group.length + 1));
  return closest(kind, [...own, ...othersOf(group)]);
}

/** The group of the mesh that an unknown one was probably meant to be. */
export function meantGroup(group: string): string | undefined {
  return meshGroups.has(group) ? undefined : closest(group, [...meshGroups]);
}

function othersOf(group: string): readonly string[] {
  return (Object.hasOwn(kubernetes, group) ? kubernetes[group] : undefined) ?? [];
}

/** The API group of a kind that the mesh parses; their names are unique. */
export function groupOf(kind: string): string {
  const name = Object.keys(kinds).find((candidate) => candidate.endsWith(`/${kind}`));
  return name?.slice(0, -kind.length - 1) ?? '';
}

const clusterWide = new Set([
  'APIService',
  'CSIDriver',
  'CSINode',
  'ClusterRole',
  'ClusterRoleBinding',
  'CustomResourceDefinition',
  'IngressClass',
  'MutatingWebhookConfiguration',
  'Namespace',
  'Node',
  'PersistentVolume',
  'PriorityClass',
  'RuntimeClass',
  'StorageClass',
  'ValidatingWebhookConfiguration',
  'VolumeAttachment',
]);

/** True for kinds that live in no namespace. */
export function isClusterWide(kind: string): boolean {
  return clusterWide.has(kind);
}
