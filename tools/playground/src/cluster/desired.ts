import { createHash } from 'node:crypto';
import { err, ok, sortedBy, type Result } from '@osm/prelude';
import { parsePodSpec, type PodSpec } from '../pods/pod-spec.ts';
import { canonicalText, field, FieldError, isObject, type Field, type JsonObject } from './json.ts';
import type { Manifest, Problem } from './manifests.ts';
import { readHandMadeEndpoints, type HandMadeEndpoints } from './endpoints-by-hand.ts';
import { parseService, type ServiceSpec } from './service-spec.ts';

/** What the user's directory asks for. */
export interface Desired {
  readonly namespaces: ReadonlyMap<string, Namespace>;
  readonly workloads: readonly Workload[];
  readonly services: readonly ServiceSpec[];
  /** EndpointSlices and Endpoints that were written by hand. */
  readonly endpoints: readonly HandMadeEndpoints[];
  /** ConfigMaps and Secrets as files: "Kind/namespace/name" -> key -> content. */
  readonly contents: ReadonlyMap<string, ReadonlyMap<string, Buffer>>;
  /** Workloads whose manifest is wrong now, as "Kind/namespace/name": their pods stay as they are. */
  readonly broken: ReadonlySet<string>;
  readonly problems: readonly Problem[];
}

export interface Namespace {
  readonly name: string;
  /** Pods of it are shown to the injector, as the webhook's namespace selector would have it. */
  readonly isMeshed: boolean;
  /** The annotation that asks for sidecars, as written; empty without one. */
  readonly injection: string;
}

export type WorkloadKind = 'Deployment' | 'StatefulSet' | 'Pod';

/** Something that wants pods: a Deployment, a StatefulSet, or a Pod that stands alone (one replica with a fixed name). */
export interface Workload {
  readonly kind: WorkloadKind;
  readonly namespace: string;
  readonly name: string;
  readonly replicas: number;
  /** Old pods go before new ones come, instead of the other way round. */
  readonly recreate: boolean;
  /** Of a StatefulSet: the headless service under which its pods have names of their own; empty without one. */
  readonly serviceName: string;
  /** Of a StatefulSet: names of its volumeClaimTemplates. */
  readonly claims: readonly string[];
  readonly labels: ReadonlyMap<string, string>;
  readonly annotations: ReadonlyMap<string, string>;
  /** The template's spec as written: what admission sees. */
  readonly rawSpec: JsonObject;
  readonly spec: PodSpec;
  /** Changes when the pods have to be replaced. */
  readonly hash: string;
  readonly file: string;
  readonly line: number;
}

/** Kinds that would run something in Kubernetes and that the playground cannot run. */
const unsupported = new Set(['DaemonSet', 'ReplicaSet', 'ReplicationController', 'Job', 'CronJob']);

/** Namespaces that every cluster has. */
const given: readonly Namespace[] = ['default', 'osm-system'].map((name) => ({
  name,
  isMeshed: false,
  injection: '',
}));

/** Reads what the manifests ask for. What is wrong is left out and becomes a problem. */
export function readDesired(manifests: readonly Manifest[]): Desired {
  const problems: Problem[] = [];
  const blame = (manifest: Manifest, message: string): void => {
    const name = `${manifest.kind} ${manifest.namespace === '' ? '' : `${manifest.namespace}/`}${manifest.name}`;
    problems.push({ file: manifest.file, line: manifest.line, message: `${name}: ${message}` });
  };
  const unique = withoutDuplicates(manifests, blame);
  const namespaces = new Map(given.map((namespace) => [namespace.name, namespace]));
  for (const manifest of unique) {
    if (manifest.kind === 'Namespace') namespaces.set(manifest.name, readNamespace(manifest));
  }
  const workloads: Workload[] = [];
  const services: ServiceSpec[] = [];
  const endpoints: HandMadeEndpoints[] = [];
  const broken = new Set<string>();
  const contents = new Map<string, ReadonlyMap<string, Buffer>>();
  const take = <T>(
    manifest: Manifest,
    result: Result<T, string>,
    into: (value: T) => void,
  ): void => {
    if (result.kind === 'ok') into(result.value);
    else {
      broken.add(`${manifest.kind}/${manifest.namespace}/${manifest.name}`);
      blame(manifest, result.error);
    }
  };
  for (const manifest of unique) {
    if (!namespaces.has(manifest.namespace) && manifest.namespace !== '') {
      blame(
        manifest,
        `namespace "${manifest.namespace}" does not exist: add a Namespace with that name`,
      );
    } else if (unsupported.has(manifest.kind)) {
      blame(
        manifest,
        'the playground runs only Deployments, StatefulSets and Pods; this object is ignored',
      );
    } else if (isWorkloadKind(manifest.kind)) {
      const read = readWorkload(manifest, manifest.kind);
      take(manifest, read, (workload) => workloads.push(workload));
    } else if (manifest.kind === 'Service') {
      take(manifest, parseService(manifest), (service) => services.push(service));
    } else if (manifest.kind === 'EndpointSlice' || manifest.kind === 'Endpoints') {
      take(manifest, readHandMadeEndpoints(manifest), (read) => endpoints.push(...read));
    } else if (manifest.kind === 'ConfigMap' || manifest.kind === 'Secret') {
      take(
        manifest,
        guarded(() => readContents(manifest)),
        (files) => contents.set(`${manifest.kind}/${manifest.namespace}/${manifest.name}`, files),
      );
    }
  }
  return { namespaces, workloads, services, endpoints, contents, broken, problems };
}

/** The first one counts, as for the mesh, which reads the same files. */
function withoutDuplicates(
  manifests: readonly Manifest[],
  blame: (manifest: Manifest, message: string) => void,
): Manifest[] {
  const byName = new Map<string, Manifest>();
  for (const manifest of manifests) {
    const key = `${manifest.kind}/${manifest.namespace}/${manifest.name}`;
    const first = byName.get(key);
    if (first === undefined) byName.set(key, manifest);
    else
      blame(
        manifest,
        `is written twice; the one at ${first.file}:${first.line} counts, remove the other`,
      );
  }
  return sortedBy(
    byName.values(),
    (manifest) => `${manifest.kind}/${manifest.namespace}/${manifest.name}`,
  );
}

function readNamespace(manifest: Manifest): Namespace {
  const texts = (name: string): ReadonlyMap<string, string> => {
    const read = guarded(() => field(manifest.body).at('metadata').at(name).textMap());
    return read.kind === 'ok' ? read.value : new Map();
  };
  const labels = texts('labels');
  return {
    name: manifest.name,
    isMeshed:
      labels.has('openservicemesh.io/monitored-by') && !labels.has('openservicemesh.io/ignore'),
    injection: texts('annotations').get('openservicemesh.io/sidecar-injection') ?? '',
  };
}

function isWorkloadKind(kind: string): kind is WorkloadKind {
  return kind === 'Deployment' || kind === 'StatefulSet' || kind === 'Pod';
}

function readWorkload(manifest: Manifest, kind: WorkloadKind): Result<Workload, string> {
  return guarded(() => {
    const { namespace, name, body, file, line } = manifest;
    const own = field(body).at('spec');
    const template = kind === 'Pod' ? field(body) : own.at('template');
    const rawSpec =
      kind === 'StatefulSet' ? specWithClaims(own, template) : template.at('spec').value;
    const spec = parsePodSpec(rawSpec, template.at('spec').path);
    if (spec.kind === 'error') throw new FieldError(spec.error);
    const labels = template.at('metadata').at('labels').textMap();
    if (kind !== 'Pod') checkSelector(own, labels);
    const annotations = template.at('metadata').at('annotations').textMap();
    const hashed = canonicalText({
      labels: [...labels].flat(),
      annotations: [...annotations].flat(),
      spec: rawSpec as JsonObject,
    });
    return {
      kind,
      namespace,
      name,
      replicas: kind === 'Pod' ? 1 : (own.at('replicas').integer() ?? 1),
      recreate: kind !== 'Deployment' || own.at('strategy').at('type').text() === 'Recreate',
      serviceName: kind === 'StatefulSet' ? (own.at('serviceName').text() ?? '') : '',
      claims: kind === 'StatefulSet' ? claimNames(own) : [],
      labels,
      annotations,
      rawSpec: rawSpec as JsonObject,
      spec: spec.value,
      hash: createHash('sha256').update(hashed).digest('hex').slice(0, 10),
      file,
      line,
    };
  });
}

function claimNames(own: Field): readonly string[] {
  return own
    .at('volumeClaimTemplates')
    .items()
    .map((item) => item.at('metadata').at('name').requiredText());
}

/** The template's spec with a volume for each volumeClaimTemplate, as the controller of Kubernetes makes it. */
function specWithClaims(own: Field, template: Field): JsonObject {
  const spec = template.at('spec');
  return {
    ...(isObject(spec.value) ? spec.value : {}),
    volumes: [
      ...spec
        .at('volumes')
        .items()
        .flatMap(({ value }) => (value === undefined ? [] : [value])),
      ...claimNames(own).map((name) => ({ name, persistentVolumeClaim: { claimName: name } })),
    ],
  };
}

function checkSelector(spec: Field, labels: ReadonlyMap<string, string>): void {
  for (const [key, value] of spec.at('selector').at('matchLabels').textMap()) {
    if (labels.get(key) !== value) {
      throw new FieldError(
        `spec.selector wants the label ${key}: ${value}, which spec.template.metadata.labels does not have`,
      );
    }
  }
}

function readContents(manifest: Manifest): ReadonlyMap<string, Buffer> {
  const body = field(manifest.body);
  const texts = (name: string, encoding: 'utf8' | 'base64'): [string, Buffer][] =>
    [...body.at(name).textMap()].map(([key, value]) => [key, Buffer.from(value, encoding)]);
  return manifest.kind === 'Secret'
    ? new Map([...texts('data', 'base64'), ...texts('stringData', 'utf8')])
    : new Map([...texts('data', 'utf8'), ...texts('binaryData', 'base64')]);
}

function guarded<T>(read: () => T): Result<T, string> {
  try {
    return ok(read());
  } catch (thrown) {
    if (thrown instanceof FieldError) return err(thrown.message);
    throw thrown;
  }
}
