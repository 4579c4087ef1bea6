import {
  defaultMeshSettings,
  objectKey,
  type CatalogValue,
  type Diagnostic,
  type ObjectRef,
} from '@osm/model';
import { isMap } from './fields/values.ts';
import { groupOf, kindOf } from './kinds/kinds.ts';
import type { MeshScope } from './mesh-scope.ts';
import { diagnostic, displayName } from './object-ref.ts';
import { parseObject, splitApiVersion } from './parse-object.ts';
import { sameValue } from './same-value.ts';

/** What a source says about one object. */
export type ObjectChange =
  | { readonly kind: 'put'; readonly id: string; readonly ref: ObjectRef; readonly raw: unknown }
  | { readonly kind: 'delete'; readonly id: string; readonly ref: ObjectRef };

/** A difference of the catalog. */
export type CatalogChange =
  | {
      readonly kind: 'put';
      readonly key: string;
      readonly value: CatalogValue;
      /** The key was not there before. */
      readonly added: boolean;
    }
  | { readonly kind: 'delete'; readonly key: string; readonly value: CatalogValue };

/** What a batch of object changes came to. */
export interface CatalogDelta {
  /** Only what differs; puts before deletes. */
  readonly changes: readonly CatalogChange[];
  /** All that is to say now about the objects whose diagnostics changed, by object id; empty = nothing any more. */
  readonly diagnostics: ReadonlyMap<string, readonly Diagnostic[]>;
}

/**
 * The catalog as a function of objects: parses them, keeps those of the mesh's namespaces, and reports differences. It
 * remembers objects outside the mesh too, so that they appear at once when their namespace joins.
 */
export interface MeshCatalog {
  readonly apply: (changes: readonly ObjectChange[]) => CatalogDelta;
  /** The catalog now: values by bus key. MeshSettings is always there. */
  readonly objects: () => ReadonlyMap<string, CatalogValue>;
  /** The object as its source named it, with its place; for refs that were made from catalog values. */
  readonly locate: (ref: Pick<ObjectRef, 'kind' | 'namespace' | 'name'>) => ObjectRef | undefined;
}

interface Entry {
  readonly ref: ObjectRef;
  /** To know it again; a source that lets go of it (the Kubernetes API) need not find it held here. */
  readonly raw: WeakRef<object> | undefined;
  readonly policy: boolean;
  readonly value: CatalogValue | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

interface State {
  readonly scope: MeshScope;
  readonly entries: Map<string, Entry>;
  readonly idsByNamespace: Map<string, Set<string>>;
  /** Namespaces of the mesh. */
  readonly members: Set<string>;
  /** By object id. */
  readonly visible: Map<string, CatalogValue>;
  readonly told: Map<string, readonly Diagnostic[]>;
  readonly objects: Map<string, CatalogValue>;
}

/** Creates an empty catalog: it holds the default settings, nothing else. */
export function createMeshCatalog(scope: MeshScope): MeshCatalog {
  const settings: CatalogValue = {
    $case: 'meshSettings',
    value: defaultMeshSettings(scope.trustDomain),
  };
  const state: State = {
    scope,
    entries: new Map(),
    idsByNamespace: new Map(),
    members: new Set(),
    visible: new Map(),
    told: new Map(),
    objects: new Map([[objectKey(settings), settings]]),
  };
  return {
    apply: (changes) => {
      const touched = new Set<string>();
      for (const change of changes) {
        applyChange(state, change);
        touched.add(change.id);
        if (isNamespace(change.ref)) updateMembership(state, change, touched);
      }
      return report(state, touched, settings);
    },
    objects: () => state.objects,
    locate: ({ kind, namespace, name }) =>
      state.entries.get(`${groupOf(kind)}/${kind}/${namespace}/${name}`)?.ref,
  };
}

function isNamespace(ref: ObjectRef): boolean {
  return ref.kind === 'Namespace' && ref.namespace === '';
}

function applyChange(state: State, change: ObjectChange): void {
  const { entries, idsByNamespace } = state;
  const ids = idsByNamespace.get(change.ref.namespace) ?? new Set();
  idsByNamespace.set(change.ref.namespace, ids);
  if (change.kind === 'put') {
    entries.set(change.id, parseEntry(state, change));
    ids.add(change.id);
    return;
  }
  entries.delete(change.id);
  ids.delete(change.id);
  if (ids.size === 0) idsByNamespace.delete(change.ref.namespace);
}

/**
 * An object with an error is refused, as an API server would have done: the version before, if there is one, stays in
 * force. A slip of the keyboard must not revoke access or turn the mesh's settings off.
 */
function parseEntry(state: State, { id, ref, raw }: ObjectChange & { kind: 'put' }): Entry {
  const before = state.entries.get(id);
  if (
    before !== undefined &&
    isMap(raw) &&
    before.raw?.deref() === raw &&
    sameValue(before.ref, ref)
  )
    return before;
  const parsed = parseObject(raw, ref, state.scope);
  const kept = parsed.refused ? before?.value : undefined;
  const apiVersion = isMap(raw) ? raw['apiVersion'] : undefined;
  const { group } = splitApiVersion(typeof apiVersion === 'string' ? apiVersion : '');
  const kind = kindOf(group, ref.kind);
  return {
    ref,
    raw: isMap(raw) ? new WeakRef(raw) : undefined,
    policy: kind.kind === 'parsed' && kind.policy,
    value: parsed.value ?? kept,
    diagnostics:
      kept === undefined
        ? parsed.diagnostics
        : parsed.diagnostics.map((item) => ({
            ...item,
            message: `${item.message}. The version before stays in force`,
          })),
  };
}

function updateMembership(state: State, { id, ref }: ObjectChange, touched: Set<string>): void {
  const isMember = state.entries.get(id)?.value?.$case === 'namespace';
  if (isMember === state.members.has(ref.name)) return;
  if (isMember) state.members.add(ref.name);
  else state.members.delete(ref.name);
  for (const other of state.idsByNamespace.get(ref.name) ?? []) touched.add(other);
}

/** Compares what should be visible of the touched objects with what is. */
function report(state: State, touched: ReadonlySet<string>, settings: CatalogValue): CatalogDelta {
  const puts: CatalogChange[] = [];
  const deletes: CatalogChange[] = [];
  const diagnostics = new Map<string, readonly Diagnostic[]>();
  for (const id of touched) {
    const entry = state.entries.get(id);
    const now = entry === undefined ? undefined : visibleValue(state, entry);
    const before = state.visible.get(id);
    const said = entry === undefined ? [] : visibleDiagnostics(state, entry);
    if (!sameValue(said, state.told.get(id) ?? [])) diagnostics.set(id, said);
    if (said.length > 0) state.told.set(id, said);
    else state.told.delete(id);
    if (now !== undefined) state.visible.set(id, now);
    else state.visible.delete(id);
    const wanted = now ?? (before?.$case === 'meshSettings' ? settings : undefined);
    if (wanted !== undefined) {
      const key = objectKey(wanted);
      const there = state.objects.get(key);
      if (sameValue(wanted, there)) continue;
      state.objects.set(key, wanted);
      puts.push({ kind: 'put', key, value: wanted, added: there === undefined });
    } else if (before !== undefined) {
      const key = objectKey(before);
      state.objects.delete(key);
      deletes.push({ kind: 'delete', key, value: before });
    }
  }
  return { changes: [...puts, ...deletes], diagnostics };
}

function visibleValue({ members }: State, { value }: Entry): CatalogValue | undefined {
  if (value === undefined || value.$case === 'namespace' || value.$case === 'meshSettings')
    return value;
  return members.has(value.value.namespace) ? value : undefined;
}

/** Outside the mesh only policy is worth a word, and only that it has no effect. */
function visibleDiagnostics({ members, scope }: State, entry: Entry): readonly Diagnostic[] {
  const { ref, policy, diagnostics } = entry;
  const meshWide = isNamespace(ref) || ref.kind === 'MeshConfig';
  const system = ref.namespace === scope.meshNamespace;
  if (meshWide || system || members.has(ref.namespace)) return diagnostics;
  if (!policy) return [];
  const remedy = `label the namespace openservicemesh.io/monitored-by=${scope.meshName}`;
  const text = `${displayName(ref)} has no effect: ${ref.namespace} is not in the mesh; ${remedy}`;
  return [diagnostic('namespace_not_in_mesh', ref, text)];
}
