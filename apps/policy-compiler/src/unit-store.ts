import {
  checkBundle,
  checkIncludes,
  claimsOf,
  emitUnit,
  type BundleProblem,
  type Emitted,
} from '@osm/envoy';
import type { PolicyDifference, PolicyUnit, UnitKey } from '@osm/policy';
import { compareText } from '@osm/prelude';
import type { Bundle } from '@osm/proto-mesh';

type UnitKind = PolicyUnit['kind'];

/** Units before what includes them. */
const layers: readonly UnitKind[] = ['upstream', 'outbound', 'scope', 'capture', 'workload'];

/** What a batch changes in the bucket "compiled". Write puts before deletes. */
export interface BundleChanges {
  /** Each after all that it includes. */
  readonly puts: readonly (readonly [UnitKey, Bundle])[];
  readonly deletes: readonly UnitKey[];
  /** By unit that was looked at: what is wrong with it now. Empty = nothing any more. */
  readonly problems: ReadonlyMap<UnitKey, readonly BundleProblem[]>;
  /** Resources encoded, by kind of unit. */
  readonly encoded: ReadonlyMap<UnitKind, number>;
}

/** The units as bundles: keeps what was published, so that work is in proportion to the change, and a bad unit stays as it was. */
export interface UnitStore {
  readonly apply: (difference: Pick<PolicyDifference, 'unitPuts' | 'unitDeletes'>) => BundleChanges;
  /** All that is published, each after all that it includes. */
  readonly contents: () => readonly (readonly [UnitKey, Bundle])[];
  readonly counts: () => ReadonlyMap<UnitKind, number>;
}

interface Entry {
  readonly kind: UnitKind;
  /** The last emit that passed its own check. */
  readonly emitted: Emitted;
  /** What is on the bus; undefined while something it needs is missing. */
  readonly published: Bundle | undefined;
}

interface State {
  readonly entries: Map<UnitKey, Entry>;
  readonly includers: Map<UnitKey, Set<UnitKey>>;
  /** Why the latest state of a unit was not taken; its entry, if any, holds the one before. */
  readonly refused: Map<UnitKey, readonly BundleProblem[]>;
  readonly counts: Map<UnitKind, number>;
}

/** One batch, while it is worked on. */
interface Batch {
  readonly puts: [UnitKey, Bundle][];
  readonly problems: Map<UnitKey, readonly BundleProblem[]>;
  readonly encoded: Map<UnitKind, number>;
  /** Units to look at, by layer: put now, or including something that appeared, vanished or changed its names. */
  readonly open: ReadonlyMap<UnitKind, Set<UnitKey>>;
}

/** Creates an empty store. */
export function createUnitStore(): UnitStore {
  const state: State = {
    entries: new Map(),
    includers: new Map(),
    refused: new Map(),
    counts: new Map(layers.map((layer) => [layer, 0])),
  };
  return {
    apply: ({ unitPuts, unitDeletes }) => {
      const batch: Batch = {
        puts: [],
        problems: new Map(),
        encoded: new Map(),
        open: new Map(layers.map((layer) => [layer, new Set<UnitKey>()])),
      };
      for (const unit of unitPuts) emit(state, unit, batch);
      for (const key of unitDeletes) remove(state, key, batch);
      for (const layer of layers) {
        const keys = [...(batch.open.get(layer) ?? [])].sort(compareText);
        for (const key of keys) settle(state, key, batch);
      }
      return { ...batch, deletes: unitDeletes };
    },
    contents: () =>
      layers.flatMap((layer) =>
        [...state.entries].flatMap(([key, { kind, published }]) =>
          kind === layer && published !== undefined ? [[key, published] as const] : [],
        ),
      ),
    counts: () => state.counts,
  };
}

/** Takes a unit in, unless it is bad by itself. */
function emit(state: State, unit: PolicyUnit, batch: Batch): void {
  const { key } = unit.policy;
  const before = state.entries.get(key);
  const emitted = emitUnit(unit, before?.emitted);
  batch.encoded.set(unit.kind, (batch.encoded.get(unit.kind) ?? 0) + emitted.encoded);
  const problems = checkBundle(emitted);
  batch.problems.set(key, problems);
  if (problems.length > 0) {
    state.refused.set(key, problems);
    return;
  }
  state.refused.delete(key);
  relink(state, key, before?.emitted.bundle.includes ?? [], emitted.bundle.includes);
  state.entries.set(key, { kind: unit.kind, emitted, published: before?.published });
  batch.open.get(unit.kind)?.add(key);
  if (before !== undefined && !sameTexts(claimsOf(before.emitted), claimsOf(emitted)))
    openIncluders(state, key, batch);
}

function remove(state: State, key: UnitKey, batch: Batch): void {
  const entry = state.entries.get(key);
  batch.problems.set(key, []);
  state.refused.delete(key);
  if (entry === undefined) return;
  if (entry.published !== undefined) count(state, entry.kind, -1);
  relink(state, key, entry.emitted.bundle.includes, []);
  state.entries.delete(key);
  openIncluders(state, key, batch);
}

/** Publishes a unit with those of its includes that fit together, if its own references resolve. */
function settle(state: State, key: UnitKey, batch: Batch): void {
  const entry = state.entries.get(key);
  if (entry === undefined) return;
  const { includes, leftOut, unresolved } = checkIncludes(entry.emitted, (other) => {
    const found = state.entries.get(other);
    return found?.published === undefined ? undefined : found.emitted;
  });
  const own = state.refused.get(key) ?? [];
  batch.problems.set(key, [...own, ...unresolved, ...leftOut.values()]);
  if (unresolved.length > 0) return;
  const { resources } = entry.emitted.bundle;
  const whole = leftOut.size === 0;
  const published = whole ? entry.emitted.bundle : { resources, includes: [...includes] };
  if (sameBundle(entry.published, published)) return;
  state.entries.set(key, { ...entry, published });
  batch.puts.push([key, published]);
  if (entry.published !== undefined) return;
  count(state, entry.kind, 1);
  openIncluders(state, key, batch);
}

function count({ counts }: State, kind: UnitKind, by: number): void {
  counts.set(kind, (counts.get(kind) ?? 0) + by);
}

function openIncluders({ entries, includers }: State, key: UnitKey, { open }: Batch): void {
  for (const includer of includers.get(key) ?? []) {
    const kind = entries.get(includer)?.kind;
    if (kind !== undefined) open.get(kind)?.add(includer);
  }
}

/** Keeps the index of includers in step. */
function relink(
  { includers }: State,
  includer: UnitKey,
  before: readonly UnitKey[],
  after: readonly UnitKey[],
): void {
  const kept = new Set(after);
  for (const key of before) {
    if (kept.has(key)) continue;
    const set = includers.get(key);
    set?.delete(includer);
    if (set?.size === 0) includers.delete(key);
  }
  for (const key of kept) {
    const set = includers.get(key) ?? new Set();
    includers.set(key, set.add(includer));
  }
}

/** Resources that did not change are the same objects, so this compares no bytes. */
function sameBundle(a: Bundle | undefined, b: Bundle): boolean {
  return (
    a !== undefined &&
    a.resources.length === b.resources.length &&
    a.resources.every((resource, index) => resource === b.resources[index]) &&
    sameTexts(a.includes, b.includes)
  );
}

function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, index) => text === b[index]);
}
