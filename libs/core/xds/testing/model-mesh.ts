import { hashHex } from '@osm/prelude';
import type { BundleChange, PublishedBundle } from '../src/bundle-index.ts';
import { typeUrlOf, type ResourceType } from '../src/resource-types.ts';

/** A small mesh as the compiler would see it: enough to make bundles that refer to each other. */
export interface ModelMesh {
  readonly services: Readonly<Record<string, ModelService>>;
  /** Workload -> the services it may call; 'all' = through the shared scope. */
  readonly workloads: Readonly<Record<string, readonly string[] | 'all'>>;
}

/** A content number that every client refuses. */
export const malformedContent = 9;

export interface ModelService {
  /** Content numbers: another number is another version. */
  readonly cluster: number;
  readonly endpoints: number;
  readonly listener: number;
  readonly route: number;
  /** Services whose clusters the route names besides its own. */
  readonly backends: readonly string[];
}

/** What stands in the body of a resource: what it is, and which clusters or route it names. */
export interface ModelBody {
  readonly name: string;
  readonly version: string;
  readonly content: number;
  readonly names: readonly string[];
}

function encodeBody(body: ModelBody): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(body));
}

export function decodeBody(bytes: Uint8Array): ModelBody {
  return JSON.parse(new TextDecoder().decode(bytes)) as ModelBody;
}

export function resource(
  type: ResourceType,
  name: string,
  content: number,
  names: readonly string[] = [],
): PublishedBundle['resources'][number] {
  // Unlike a hash of the content alone, no two resources share a version.
  const version = hashHex(new TextEncoder().encode(`${type} ${name} ${content} ${names.join()}`));
  const body = encodeBody({ name, version, content, names });
  return { typeUrl: typeUrlOf(type), name, version, body };
}

const clusterKey = (service: string): string => `cluster.${service}`;
export const outboundKey = (service: string): string => `outbound.${service}`;
export const workloadKey = (workload: string): string => `workload.${workload}`;
export const scopeKey = 'scope.permissive';

/** All bundles of a mesh, each after what it includes. */
export function bundlesOf(mesh: ModelMesh): ReadonlyMap<string, PublishedBundle> {
  const bundles = new Map<string, PublishedBundle>();
  const services = Object.entries(mesh.services);
  for (const [name, service] of services)
    bundles.set(clusterKey(name), {
      resources: [
        resource('cluster', name, service.cluster),
        resource('endpoint', name, service.endpoints),
      ],
      includes: [],
    });
  for (const [name, service] of services) {
    const backends = [name, ...service.backends.filter((backend) => backend in mesh.services)];
    bundles.set(outboundKey(name), {
      resources: [
        resource('listener', `out.${name}`, service.listener, [`out.${name}`]),
        resource('route', `out.${name}`, service.route, backends),
      ],
      includes: [...new Set(backends)].map(clusterKey).sort(),
    });
  }
  if (Object.values(mesh.workloads).includes('all'))
    bundles.set(scopeKey, {
      resources: [],
      includes: services.map(([name]) => outboundKey(name)).sort(),
    });
  for (const [workload, calls] of Object.entries(mesh.workloads))
    bundles.set(workloadKey(workload), {
      resources: [resource('listener', 'inbound', 1, ['inbound']), resource('route', 'inbound', 1)],
      includes:
        calls === 'all'
          ? [scopeKey]
          : calls
              .filter((call) => call in mesh.services)
              .map(outboundKey)
              .sort(),
    });
  return bundles;
}

/** What the compiler would publish to get from one mesh to another: includes before includers, deletes last and reversed. */
export function changesBetween(from: ModelMesh, to: ModelMesh): BundleChange[] {
  const before = bundlesOf(from);
  const after = bundlesOf(to);
  const text = (bundle: PublishedBundle | undefined): string =>
    JSON.stringify([
      bundle?.resources.map((r) => [r.typeUrl, r.name, r.version]),
      bundle?.includes,
    ]);
  const puts = [...after]
    .filter(([key, bundle]) => text(before.get(key)) !== text(bundle))
    .map(([key, bundle]): BundleChange => ({ kind: 'put', key, bundle }));
  const deletes = [...before.keys()]
    .filter((key) => !after.has(key))
    .reverse()
    .map((key): BundleChange => ({ kind: 'delete', key }));
  return [...puts, ...deletes];
}
