import { compareText } from '@osm/prelude';
import { compareRecords, findRecord, type ConfigNode } from './config-node.ts';
import type { ResourceRecord } from './resource-record.ts';
import type { ResponseContent } from './response.ts';
import { resourceTypes, type ResourceType } from './resource-types.ts';

/** What differs between two closures in one type. Sorted by name. */
export interface TypeDiff {
  /** Names that the older closure did not have. */
  readonly added: readonly ResourceRecord[];
  /** Names with another version in the older closure. */
  readonly changed: readonly ResourceRecord[];
  readonly removed: readonly string[];
}

/** The difference of two closures. One object for all streams that take the same step, so that they can share responses. */
export interface Diff {
  readonly byType: ReadonlyMap<ResourceType, TypeDiff>;
  /** Responses for streams without exceptions, made on first use. */
  readonly shared: Map<string, readonly ResponseContent[]>;
}

const nothing: TypeDiff = { added: [], changed: [], removed: [] };

/** What differs in the resources of one type. */
export function typeDiffOf(diff: Diff, type: ResourceType): TypeDiff {
  return diff.byType.get(type) ?? nothing;
}

/**
 * The difference from one closure to another. The cost is that of the differing bundles: equal nodes are skipped, and the
 * result for a pair of nodes is computed once, whoever includes them.
 */
export function diffClosures(from: ConfigNode, to: ConfigNode): Diff {
  const known = to.memo.diffs?.get(from);
  if (known !== undefined) return known;
  const diff = computeDiff(from, to);
  to.memo.diffs ??= new WeakMap();
  to.memo.diffs.set(from, diff);
  return diff;
}

const noDifference: Diff = { byType: new Map(), shared: new Map() };

/** Names whose record may differ. What became of them is decided by looking them up in both closures. */
type Candidates = Map<ResourceType, Set<string>>;

function computeDiff(from: ConfigNode, to: ConfigNode): Diff {
  if (from === to) return noDifference;
  const candidates: Candidates = new Map();
  addOwnDifference(candidates, from, to);
  const below: Diff[] = [];
  for (const [before, after] of pairsByKey(from.includes, to.includes)) {
    if (before === after) continue;
    if (before !== undefined && after !== undefined) {
      const diff = diffClosures(before, after);
      if (diff.byType.size > 0) below.push(diff);
    } else {
      const only = before ?? after;
      if (only !== undefined) addClosure(candidates, only);
    }
  }
  const [single] = below;
  if (single !== undefined && below.length === 1 && candidates.size === 0)
    if (holdsAbove(single, from, to)) return single;
  for (const diff of below) addDiff(candidates, diff);
  return resolve(candidates, from, to);
}

/** True when a difference below is exactly the difference here: nobody else says anything about its names. */
function holdsAbove(diff: Diff, from: ConfigNode, to: ConfigNode): boolean {
  for (const [type, { added, changed, removed }] of diff.byType) {
    for (const record of added) {
      if (findRecord(to, type, record.name) !== record) return false;
      if (findRecord(from, type, record.name) !== undefined) return false;
    }
    for (const record of changed) {
      if (findRecord(to, type, record.name) !== record) return false;
      const older = findRecord(from, type, record.name);
      if (older === undefined || older.version === record.version) return false;
    }
    for (const name of removed) if (findRecord(to, type, name) !== undefined) return false;
  }
  return true;
}

function addOwnDifference(candidates: Candidates, from: ConfigNode, to: ConfigNode): void {
  if (from.records === to.records) return;
  const before = new Set(from.records);
  const after = new Set(to.records);
  for (const record of to.records) if (!before.has(record)) addName(candidates, record);
  for (const record of from.records) if (!after.has(record)) addName(candidates, record);
}

function addClosure(candidates: Candidates, node: ConfigNode): void {
  for (const record of node.records) addName(candidates, record);
  for (const include of node.includes) addClosure(candidates, include);
}

function addDiff(candidates: Candidates, diff: Diff): void {
  for (const [type, { added, changed, removed }] of diff.byType) {
    for (const record of added) addName(candidates, record);
    for (const record of changed) addName(candidates, record);
    for (const name of removed) addName(candidates, { type, name });
  }
}

function addName(
  candidates: Candidates,
  { type, name }: { readonly type: ResourceType; readonly name: string },
): void {
  let names = candidates.get(type);
  if (names === undefined) candidates.set(type, (names = new Set()));
  names.add(name);
}

function resolve(candidates: Candidates, from: ConfigNode, to: ConfigNode): Diff {
  const byType = new Map<ResourceType, TypeDiff>();
  for (const type of resourceTypes) {
    const added: ResourceRecord[] = [];
    const changed: ResourceRecord[] = [];
    const removed: string[] = [];
    for (const name of candidates.get(type) ?? []) {
      const before = findRecord(from, type, name);
      const after = findRecord(to, type, name);
      if (after === undefined) {
        if (before !== undefined) removed.push(name);
      } else if (before === undefined) added.push(after);
      else if (before.version !== after.version) changed.push(after);
    }
    if (added.length + changed.length + removed.length === 0) continue;
    added.sort(compareRecords);
    changed.sort(compareRecords);
    removed.sort(compareText);
    byType.set(type, { added, changed, removed });
  }
  return byType.size === 0 ? noDifference : { byType, shared: new Map() };
}

/** Pairs of nodes with the same key from two lists sorted by key. */
function* pairsByKey(
  from: readonly ConfigNode[],
  to: readonly ConfigNode[],
): Generator<readonly [ConfigNode | undefined, ConfigNode | undefined]> {
  let i = 0;
  let j = 0;
  for (;;) {
    const before = from[i];
    const after = to[j];
    if (before === undefined && after === undefined) return;
    const order =
      before === undefined ? 1 : after === undefined ? -1 : compareText(before.key, after.key);
    if (order <= 0) i++;
    if (order >= 0) j++;
    yield [order <= 0 ? before : undefined, order >= 0 ? after : undefined];
  }
}
