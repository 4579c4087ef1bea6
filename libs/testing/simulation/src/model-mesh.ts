import { objectKey, type CatalogValue } from '@osm/model';
import type { Bundle, ProxyAssignment } from '@osm/proto-mesh';
import type { ObjectChange } from '@osm/resources';
import { typeUrlOf, type ResourceType } from '@osm/xds';
import {
  grantsOf,
  podNames,
  serviceNames,
  workloadCount,
  type Generation,
  type ObjectName,
} from './truth.ts';

// The objects as a user writes them, and what a compiler would make of them: small enough that every state can be judged.
//
//   service k ──> bundle upstream.k (cluster, endpoints) <── outbound.k (listener, routes)
//   pod i, grant i>k ──> bundle workload.i.<generation of the pod> includes outbound.k <── assignment of proxy i

export const namespace = 'shop';
export const proxyUuids: readonly string[] = Array.from(
  { length: workloadCount },
  (_, at) => `0b6c3d0e-6ea1-4f6f-9d5c-00000000000${at}`,
);

/** What stands in the body of a resource: what it names, and the objects it was made of. */
export interface Body {
  readonly names: readonly string[];
  readonly made: readonly (readonly [ObjectName, number | null])[];
}

const file = '';
const line = 0;

/** The object as a source tells of it. */
export function changeOf(name: ObjectName, generation: Generation): ObjectChange {
  const [from = '', to = ''] = name.split(' ')[1]?.split('>') ?? [];
  if (name.startsWith('service')) {
    const ref = { kind: 'Service', namespace, name: `s${from}`, file, line };
    const id = `/Service/${namespace}/s${from}`;
    if (generation === undefined) return { kind: 'delete', id, ref };
    const ports = [{ name: 'http', port: generation, targetPort: 8080 }];
    const spec = { clusterIP: `10.96.0.${1 + Number(from)}`, ports, selector: { app: `s${from}` } };
    const metadata = { name: `s${from}`, namespace };
    return { kind: 'put', id, ref, raw: { apiVersion: 'v1', kind: 'Service', metadata, spec } };
  }
  if (name.startsWith('pod')) return podOf(Number(from), generation);
  const metadata = { name: `t${from}-${to}`, namespace };
  const ref = { kind: 'TrafficTarget', ...metadata, file, line };
  const id = `access.smi-spec.io/TrafficTarget/${namespace}/t${from}-${to}`;
  if (generation === undefined) return { kind: 'delete', id, ref };
  const account = (who: string) => ({ kind: 'ServiceAccount', name: who, namespace });
  const rules = [{ kind: 'HTTPRouteGroup', name: `g${generation}`, matches: ['m'] }];
  const spec = { destination: account(`s${to}`), sources: [account(`w${from}`)], rules };
  const apiVersion = 'access.smi-spec.io/v1alpha3';
  return { kind: 'put', id, ref, raw: { apiVersion, kind: 'TrafficTarget', metadata, spec } };
}

/** A pod whose label tells its generation: as for a real one, what its labels select decides which bundle it has. */
function podOf(at: number, generation: Generation): ObjectChange {
  const ref = { kind: 'Pod', namespace, name: `p${at}`, file, line };
  const id = `/Pod/${namespace}/p${at}`;
  if (generation === undefined) return { kind: 'delete', id, ref };
  const labels = { 'osm-proxy-uuid': proxyUuids[at], generation: `${generation}` };
  const metadata = { name: `p${at}`, namespace, labels };
  const status = { phase: 'Running', podIP: `10.10.0.${1 + at}` };
  const spec = { serviceAccountName: `w${at}` };
  return { kind: 'put', id, ref, raw: { apiVersion: 'v1', kind: 'Pod', metadata, spec, status } };
}

/** What is there all the time: the namespace and the accounts. */
export const fixedObjects: readonly ObjectChange[] = [
  {
    kind: 'put',
    id: `/Namespace//${namespace}`,
    ref: { kind: 'Namespace', namespace: '', name: namespace, file, line },
    raw: {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace, labels: { 'openservicemesh.io/monitored-by': 'osm' } },
    },
  },
  ...proxyUuids.map((_uuid, at): ObjectChange => {
    const metadata = { name: `w${at}`, namespace };
    return {
      kind: 'put',
      id: `/ServiceAccount/${namespace}/w${at}`,
      ref: { kind: 'ServiceAccount', ...metadata, file, line },
      raw: { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    };
  }),
];

/** The object behind a catalog value; undefined for the fixed ones. */
export function objectOf(
  value: CatalogValue,
): { readonly name: ObjectName; readonly generation: number } | undefined {
  if (value.$case === 'service')
    return {
      name: `service ${Number(value.value.name.slice(1))}`,
      generation: value.value.ports[0]?.port ?? 0,
    };
  if (value.$case === 'pod') {
    const label = value.value.labels.find(({ key }) => key === 'generation');
    return { name: `pod ${Number(value.value.name.slice(1))}`, generation: Number(label?.value) };
  }
  if (value.$case !== 'trafficTarget') return undefined;
  const [from, to] = value.value.name.slice(1).split('-');
  const generation = Number(value.value.rules[0]?.name.slice(1));
  return { name: `grant ${Number(from)}>${Number(to)}`, generation };
}

/** Catalog keys of the objects. */
export const nameOfKey: ReadonlyMap<string, ObjectName> = new Map([
  ...serviceNames.map((name, at) => [keyOf('service', `s${at}`), name] as const),
  ...podNames.map((name, at) => [keyOf('pod', `p${at}`), name] as const),
  ...grantsOf.flatMap((grants, from) =>
    grants.map((name, to) => [keyOf('trafficTarget', `t${from}-${to}`), name] as const),
  ),
]);

function keyOf($case: 'service' | 'pod' | 'trafficTarget', name: string): string {
  return objectKey({ $case, value: { namespace, name } } as CatalogValue);
}

/** All bundles of a state of the objects, each after what it includes, and who has which. */
export function compileModel(generation: (name: ObjectName) => Generation): {
  readonly bundles: ReadonlyMap<string, Bundle>;
  readonly assignments: ReadonlyMap<string, ProxyAssignment>;
} {
  const bundles = new Map<string, Bundle>();
  const assignments = new Map<string, ProxyAssignment>();
  const existing = serviceNames.flatMap((name, at) => {
    const made = generation(name);
    return made === undefined ? [] : [{ name, at, made }];
  });
  for (const { name, at, made } of existing) {
    const of: Body['made'] = [[name, made]];
    bundles.set(`upstream.${at}`, {
      resources: [resource('cluster', `c${at}`, [], of), resource('endpoint', `c${at}`, [], of)],
      includes: [],
    });
  }
  for (const { name, at, made } of existing) {
    const of: Body['made'] = [[name, made]];
    bundles.set(`outbound.${at}`, {
      resources: [
        resource('listener', `o${at}`, [`o${at}`], of),
        resource('route', `o${at}`, [`c${at}`], of),
      ],
      includes: [`upstream.${at}`],
    });
  }
  for (const [at, grants] of grantsOf.entries()) {
    const pod = generation(`pod ${at}`);
    if (pod === undefined) continue;
    const mine: readonly ObjectName[] = [
      `pod ${at}`,
      ...grants,
      ...grantsOf.flatMap((others) => others[at] ?? []),
    ];
    const made = [...new Set(mine)].map((name): Body['made'][number] => [
      name,
      generation(name) ?? null,
    ]);
    const includes = existing.filter((each) => generation(`grant ${at}>${each.at}`) !== undefined);
    const key = `workload.${at}.${pod}`;
    bundles.set(key, {
      resources: [
        resource('listener', 'inbound', ['inbound'], []),
        resource('route', 'inbound', [], made),
      ],
      includes: includes.map((each) => `outbound.${each.at}`),
    });
    assignments.set(proxyUuids[at] ?? '', {
      namespace,
      pod: `p${at}`,
      serviceAccount: `w${at}`,
      bundle: key,
    });
  }
  return { bundles, assignments };
}

const encoder = new TextEncoder();

interface Made {
  readonly resource: Bundle['resources'][number];
  readonly made: Body['made'];
}

/** Resources by version: the same few come again in ten thousand schedules. */
const known = new Map<string, Made>();
const knownMax = 20_000;

function resource(
  type: ResourceType,
  name: string,
  names: Body['names'],
  made: Body['made'],
): Bundle['resources'][number] {
  const version = `${type} ${name} ${made.map(([object, state]) => `${object}=${state ?? ''}`).join()}`;
  const found = known.get(version);
  if (found !== undefined) return found.resource;
  const body = { name, version, content: 0, names, made };
  const bytes = encoder.encode(JSON.stringify(body)) as Buffer;
  const fresh = { typeUrl: typeUrlOf(type), name, version, body: bytes };
  if (known.size > knownMax) known.clear();
  known.set(version, { resource: fresh, made });
  return fresh;
}

/** The objects that a bundle was made of, and their states. */
export function madeOf(bundle: Bundle): Body['made'] {
  return bundle.resources.flatMap(({ version }) => known.get(version)?.made ?? []);
}
