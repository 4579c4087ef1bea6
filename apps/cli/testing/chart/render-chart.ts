import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { describe } from 'vitest';
import { parseAllDocuments } from 'yaml';

const chart = resolve(import.meta.dirname, '../../../../deploy/osm');
/** HELM, else helm from the PATH. */
const program = process.env['HELM'] ?? 'helm';

const hasHelm = spawnSync(program, ['version']).status === 0;

/** Specs of the chart. They are left out where there is no helm to render it with. */
export function describeChart(name: string, specs: () => void): void {
  describe.skipIf(!hasHelm)(`${name} (needs helm on the PATH, or HELM=FILE)`, specs);
}

/** An object of Kubernetes, as far as specs look at it. */
export interface Rendered {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [field: string]: unknown;
}

/** What the chart becomes with these values, hooks too. @throws Error with helm's words when it refuses them */
export function renderChart(...values: readonly string[]): readonly Rendered[] {
  const args = ['template', 'osm', chart, '--namespace', 'osm-system', '--kube-version', '1.34.0'];
  const set = values.flatMap((value) => ['--set', value]);
  const { status, stdout, stderr } = spawnSync(program, [...args, ...set], {
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  });
  if (status !== 0) throw new Error(stderr);
  return parseAllDocuments(stdout)
    .map((document) => document.toJS() as Rendered | null)
    .filter((object) => object !== null);
}

/** Those of a kind, by name. */
export function ofKind(objects: readonly Rendered[], kind: string): ReadonlyMap<string, Rendered> {
  return new Map(
    objects.filter((each) => each.kind === kind).map((each) => [each.metadata.name, each]),
  );
}

interface PodSpec {
  readonly automountServiceAccountToken?: boolean;
  readonly serviceAccountName?: string;
  readonly affinity?: unknown;
  readonly securityContext?: unknown;
  readonly containers: readonly {
    readonly name: string;
    readonly args: readonly string[];
    readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
    readonly securityContext?: unknown;
    readonly resources?: unknown;
  }[];
  readonly volumes?: readonly { readonly name: string; readonly secret?: unknown }[];
}

/** A pod that the chart has somebody make. */
export interface RenderedPod {
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: PodSpec;
}

/** The pods of all workloads, by the name of the workload. */
export function podsIn(objects: readonly Rendered[]): ReadonlyMap<string, RenderedPod> {
  const pods = new Map<string, RenderedPod>();
  for (const object of objects) {
    if (!['Deployment', 'StatefulSet', 'Job', 'CronJob'].includes(object.kind)) continue;
    type Holder = { spec: { template?: Template; jobTemplate?: Holder } };
    type Template = { metadata: { labels: Record<string, string> }; spec: PodSpec };
    const holder = object as unknown as Holder;
    const template = holder.spec.template ?? holder.spec.jobTemplate?.spec.template;
    if (template === undefined) continue;
    pods.set(object.metadata.name, { labels: template.metadata.labels, spec: template.spec });
  }
  return pods;
}
