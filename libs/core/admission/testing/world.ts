import { encodeKey, type ObjectRef } from '@osm/model';
import { createMeshCatalog, type ObjectChange } from '@osm/resources';
import type { AdmissionWorld, Verdict } from '../src/admission-world.ts';
import { reviewObject, writtenKinds } from '../src/index.ts';

/** An object of a test. */
export interface WrittenManifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec?: unknown;
}

const scope = { meshName: 'osm', meshNamespace: 'osm-system', trustDomain: 'cluster.local' };

/** An object in the namespace `shop`. */
export function written(
  kind: string,
  name: string,
  spec: unknown,
  namespace = 'shop',
): WrittenManifest {
  return { apiVersion: apiVersions[kind] ?? 'v1', kind, metadata: { name, namespace }, spec };
}

const apiVersions: Readonly<Record<string, string>> = {
  TrafficTarget: 'access.smi-spec.io/v1alpha3',
  HTTPRouteGroup: 'specs.smi-spec.io/v1alpha4',
  TCPRoute: 'specs.smi-spec.io/v1alpha4',
  TrafficSplit: 'split.smi-spec.io/v1alpha2',
  MeshConfig: 'config.openservicemesh.io/v1alpha2',
  MeshRootCertificate: 'config.openservicemesh.io/v1alpha2',
  ExtensionService: 'config.openservicemesh.io/v1alpha2',
  Egress: 'policy.openservicemesh.io/v1alpha1',
  IngressBackend: 'policy.openservicemesh.io/v1alpha1',
  Retry: 'policy.openservicemesh.io/v1alpha1',
  Telemetry: 'policy.openservicemesh.io/v1alpha1',
  UpstreamTrafficSetting: 'policy.openservicemesh.io/v1alpha1',
};

const shop = {
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'shop', labels: { 'openservicemesh.io/monitored-by': 'osm' } },
};

function refOf({ kind, metadata }: WrittenManifest): ObjectRef {
  const { name, namespace = '' } = metadata;
  return { kind, namespace, name, file: '', line: 0 };
}

/** A mesh of the namespace `shop` and these objects. */
function worldOf(manifests: readonly WrittenManifest[]): AdmissionWorld {
  const catalog = createMeshCatalog(scope);
  catalog.apply(
    [shop, ...manifests].map((raw): ObjectChange => {
      const ref = refOf(raw);
      return { kind: 'put', id: `${ref.kind}/${ref.namespace}/${ref.name}`, ref, raw };
    }),
  );
  return {
    scope,
    objects: () => catalog.objects().values(),
    object: (kind, namespace, name) => catalog.objects().get(encodeKey([kind, namespace, name])),
    written: (kind) =>
      manifests
        .filter((each) => each.kind === kind && writtenKinds.has(kind))
        .map((each) => ({ ref: refOf(each), spec: each.spec })),
  };
}

/** The verdict about an object beside others. */
export function review(
  object: WrittenManifest,
  others: readonly WrittenManifest[] = [],
  before?: WrittenManifest,
): Verdict {
  return reviewObject({ ref: refOf(object), object, before }, worldOf(others));
}
