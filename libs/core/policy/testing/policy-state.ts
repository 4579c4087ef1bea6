import { objectKey, type CatalogValue } from '@osm/model';
import {
  createPolicyCompiler,
  type CapturePolicy,
  type CatalogChange,
  type ObjectDiagnostics,
  type OutboundPolicy,
  type PolicyCompiler,
  type PolicyDifference,
  type PolicyUnit,
  type ProxyAssignmentPolicy,
  type ScopePolicy,
  type UpstreamPolicy,
  type WorkloadPolicy,
} from '../src/index.ts';

/** All that a compiler has said so far, added up. */
export interface PolicyState {
  readonly units: Map<string, PolicyUnit>;
  readonly assignments: Map<string, ProxyAssignmentPolicy>;
  /** By kind, namespace and name of the object. */
  readonly diagnostics: Map<string, ObjectDiagnostics>;
}

export function emptyPolicyState(): PolicyState {
  return { units: new Map(), assignments: new Map(), diagnostics: new Map() };
}

/** Brings a difference into the state, in the order in which it has to be written. */
export function applyPolicyDifference(state: PolicyState, difference: PolicyDifference): void {
  for (const unit of difference.unitPuts) state.units.set(unit.policy.key, unit);
  for (const put of difference.assignmentPuts) state.assignments.set(put.proxyUuid, put);
  for (const uuid of difference.assignmentDeletes) state.assignments.delete(uuid);
  for (const key of difference.unitDeletes) state.units.delete(key);
  for (const put of difference.diagnosticPuts) state.diagnostics.set(textOf(put.object), put);
  for (const object of difference.diagnosticDeletes) state.diagnostics.delete(textOf(object));
}

function textOf({ kind, namespace, name }: ObjectDiagnostics['object']): string {
  return `${kind} ${namespace}/${name}`;
}

/** A put of this object. */
export function put(value: CatalogValue): CatalogChange {
  return { kind: 'put', key: objectKey(value), value };
}

/** A delete of this object. */
export function remove(value: CatalogValue): CatalogChange {
  return { kind: 'delete', key: objectKey(value) };
}

function allBackends({ backends, whole }: OutboundPolicy): OutboundPolicy['backends'] {
  return [...backends, ...(whole?.backends ?? [])];
}

/** The keys that a unit includes. */
export function includesOf(unit: PolicyUnit): readonly string[] {
  switch (unit.kind) {
    case 'upstream':
      return [];
    case 'capture':
      return [];
    case 'outbound':
      return allBackends(unit.policy).map(({ upstream }) => upstream);
    case 'scope':
      return unit.policy.units;
    case 'workload': {
      const { outbound } = unit.policy;
      if (outbound.kind === 'nothing') return [];
      if (outbound.kind === 'by-name') return outbound.units;
      const reached = outbound.kind === 'permissive' ? [outbound.scope] : outbound.units;
      return [...reached, outbound.capture];
    }
  }
}

/** A compiled mesh, asked in the words of a reader. */
export interface CompiledMesh {
  readonly compiler: PolicyCompiler;
  readonly state: PolicyState;
  readonly apply: (changes: readonly CatalogChange[]) => PolicyDifference;
  readonly workloadOf: (proxyUuid: string) => WorkloadPolicy;
  /** How a proxy takes connections; undefined when its pod may call nothing. */
  readonly captureOf: (proxyUuid: string) => CapturePolicy | undefined;
  /** The outbound units a proxy may use, by key. */
  readonly outboundsOf: (proxyUuid: string) => readonly OutboundPolicy[];
  /** The upstream units behind an outbound unit. */
  readonly upstreamsOf: (outbound: OutboundPolicy) => readonly UpstreamPolicy[];
}

/** Compiles these objects. */
export function compileMesh(objects: readonly CatalogValue[]): CompiledMesh {
  const compiler = createPolicyCompiler();
  const state = emptyPolicyState();
  const apply = (changes: readonly CatalogChange[]): PolicyDifference => {
    const difference = compiler.apply(changes);
    applyPolicyDifference(state, difference);
    return difference;
  };
  apply(objects.map(put));
  const unit = (key: string): PolicyUnit => {
    const found = state.units.get(key);
    if (found === undefined) throw new Error(`there is no unit ${key}`);
    return found;
  };
  const workloadOf = (proxyUuid: string): WorkloadPolicy => {
    const found = unit(state.assignments.get(proxyUuid)?.workload ?? `of ${proxyUuid}`);
    if (found.kind !== 'workload') throw new Error(`${found.policy.key} is no workload`);
    return found.policy;
  };
  const captureOf = (proxyUuid: string): CapturePolicy | undefined => {
    const { outbound } = workloadOf(proxyUuid);
    if (outbound.kind === 'nothing' || outbound.kind === 'by-name') return undefined;
    const found = unit(outbound.capture);
    if (found.kind !== 'capture') throw new Error(`${found.policy.key} is no capture`);
    return found.policy;
  };
  const scopeOf = (key: string): ScopePolicy => {
    const found = unit(key);
    if (found.kind !== 'scope') throw new Error(`${key} is no scope`);
    return found.policy;
  };
  const outboundsOf = (proxyUuid: string): readonly OutboundPolicy[] => {
    const { outbound } = workloadOf(proxyUuid);
    if (outbound.kind === 'nothing') return [];
    const keys = outbound.kind === 'permissive' ? [outbound.scope] : outbound.units;
    return keys
      .flatMap((key) => (unit(key).kind === 'scope' ? scopeOf(key).units : [key]))
      .map(unit)
      .flatMap((found) => (found.kind === 'outbound' ? [found.policy] : []));
  };
  const upstreamsOf = (outbound: OutboundPolicy): readonly UpstreamPolicy[] =>
    outbound.backends
      .map(({ upstream }) => unit(upstream))
      .flatMap((found) => (found.kind === 'upstream' ? [found.policy] : []));
  return { compiler, state, apply, workloadOf, captureOf, outboundsOf, upstreamsOf };
}
