import { checkBundle, checkIncludes, emitUnit, type Emitted } from '@osm/envoy';
import type { Diagnostic } from '@osm/model';
import { createPolicyCompiler } from '@osm/policy';
import { compareText, sortedBy } from '@osm/prelude';
import type { Resource } from '@osm/proto-mesh';
import { parseMesh, sortDiagnostics } from '@osm/resources';

/** What one proxy gets. */
export interface CompiledWorkload {
  /** `<namespace>.<pod>`: the first pod that has this configuration. */
  readonly name: string;
  /** Who reads it: an Envoy beside the pod, or its own gRPC. */
  readonly reader: 'envoy' | 'grpc';
  /** The closure of its bundle, sorted by type and name. */
  readonly resources: readonly Resource[];
}

/** A mesh from manifests to Envoy resources. */
export interface CompiledCase {
  readonly workloads: readonly CompiledWorkload[];
  readonly diagnostics: readonly Diagnostic[];
  /** What the checks before publishing found; nothing, in a case that is right. */
  readonly problems: readonly string[];
}

const scope = { meshName: 'osm', meshNamespace: 'osm-system', trustDomain: 'cluster.local' };

/** Compiles manifests the way the services do, in one process. */
export function compileCase(manifests: string): CompiledCase {
  const parsed = parseMesh([{ file: 'mesh.yaml', text: manifests }], scope);
  const difference = createPolicyCompiler().apply(
    [...parsed.objects].map(([key, value]) => ({ kind: 'put', key, value })),
  );
  const units = new Map(difference.unitPuts.map((unit) => [unit.policy.key, emitUnit(unit)]));
  const proxyless = new Set(
    difference.unitPuts.map(({ policy }) => ('dialect' in policy ? policy.key : '')),
  );
  const pods = sortedBy(difference.assignmentPuts, ({ namespace, pod }) => `${namespace}.${pod}`);
  const firstPods = new Map<string, string>();
  for (const { namespace, pod, workload } of pods)
    if (!firstPods.has(workload)) firstPods.set(workload, `${namespace}.${pod}`);
  return {
    workloads: [...firstPods].map(([key, name]) => ({
      name,
      reader: proxyless.has(key) ? 'grpc' : 'envoy',
      resources: closureOf(key, units),
    })),
    diagnostics: sortDiagnostics([
      ...parsed.diagnostics,
      ...difference.diagnosticPuts.flatMap(({ diagnostics }) => diagnostics),
    ]),
    problems: [...units].flatMap(([key, unit]) => problemsOf(key, unit, units)),
  };
}

function problemsOf(
  key: string,
  unit: Emitted,
  units: ReadonlyMap<string, Emitted>,
): readonly string[] {
  const { leftOut, unresolved } = checkIncludes(unit, (one) => units.get(one));
  const found = [...checkBundle(unit), ...leftOut.values(), ...unresolved];
  return found.map(({ message }) => `${key}: ${message}`);
}

function closureOf(root: string, units: ReadonlyMap<string, Emitted>): readonly Resource[] {
  const keys = new Set([root]);
  // A set visits what is added while it is being read.
  for (const key of keys) for (const next of units.get(key)?.bundle.includes ?? []) keys.add(next);
  const resources = [...keys].flatMap((key) => units.get(key)?.bundle.resources ?? []);
  return resources.sort((a, b) => compareText(a.typeUrl, b.typeUrl) || compareText(a.name, b.name));
}
