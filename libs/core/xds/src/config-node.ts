import { compareText } from '@osm/prelude';
import type { Diff } from './diff.ts';
import type { ResponseContent } from './response.ts';
import type { ResourceRecord } from './resource-record.ts';
import { resourceTypes, type ResourceType } from './resource-types.ts';

/**
 * An immutable bundle with everything it includes. The configuration of a stream is the closure of one node: its records and
 * those of the nodes below. Nodes are shared: a change makes new nodes only from the changed bundle up to the workloads, so
 * that equal object means equal content, and comparing two versions visits only what differs.
 */
export interface ConfigNode {
  readonly key: string;
  /** Sorted by type, then name. */
  readonly records: readonly ResourceRecord[];
  /** Sorted by key. */
  readonly includes: readonly ConfigNode[];
  /** Records here and below, those reached twice counted twice: a bound for the cost of a walk. */
  readonly size: number;
  /** Derived values that are kept; never part of the meaning. */
  readonly memo: NodeMemo;
}

interface NodeMemo {
  index?: NodeIndex;
  /** From an older node to this one. Weak: goes with the older node. */
  diffs?: WeakMap<ConfigNode, Diff>;
  /** Initial responses of a large node, shared by all streams above it. */
  initial?: Map<ResourceType, readonly ResponseContent[]>;
}

interface NodeIndex {
  readonly own: ReadonlyMap<ResourceType, ReadonlyMap<string, ResourceRecord>>;
  readonly large: readonly ConfigNode[];
}

/** Nodes up to this size are searched by walking; larger ones carry an index. */
const walkMax = 64;

export function isLarge(node: ConfigNode): boolean {
  return node.size > walkMax;
}

/** Makes a node; records and includes may come in any order. */
export function createConfigNode(
  key: string,
  records: readonly ResourceRecord[],
  includes: readonly ConfigNode[],
): ConfigNode {
  let size = records.length;
  for (const include of includes) size += include.size;
  return {
    key,
    records: sorted(records, compareRecords),
    includes: sorted(includes, (a, b) => compareText(a.key, b.key)),
    size,
    memo: {},
  };
}

/** The list itself when it is sorted already, so that equal lists stay the same object. */
function sorted<T>(items: readonly T[], compare: (a: T, b: T) => number): readonly T[] {
  const isSorted = items.every((item, i) => {
    const previous = items[i - 1];
    return previous === undefined || compare(previous, item) <= 0;
  });
  return isSorted ? items : [...items].sort(compare);
}

export function compareRecords(a: ResourceRecord, b: ResourceRecord): number {
  return (
    resourceTypes.indexOf(a.type) - resourceTypes.indexOf(b.type) || compareText(a.name, b.name)
  );
}

/** The record of that name in the closure. Should two bundles disagree, the nearest and then the first by key wins. */
export function findRecord(
  node: ConfigNode,
  type: ResourceType,
  name: string,
): ResourceRecord | undefined {
  if (isLarge(node)) {
    const { own, large } = indexOf(node);
    const found = own.get(type)?.get(name);
    if (found !== undefined) return found;
    for (const include of large) {
      const below = findRecord(include, type, name);
      if (below !== undefined) return below;
    }
    return undefined;
  }
  for (const record of node.records)
    if (record.type === type && record.name === name) return record;
  for (const include of node.includes) {
    const below = findRecord(include, type, name);
    if (below !== undefined) return below;
  }
  return undefined;
}

/** Calls `visit` for the records of a type in the closure, the winning one of a name first; names may come more than once. */
export function visitRecords(
  node: ConfigNode,
  type: ResourceType,
  visit: (record: ResourceRecord) => void,
): void {
  for (const record of node.records) if (record.type === type) visit(record);
  for (const include of node.includes) visitRecords(include, type, visit);
}

/** True when `test` holds for every record of a type in the closure. Stops at the first that fails. */
export function everyRecord(
  node: ConfigNode,
  type: ResourceType,
  test: (record: ResourceRecord) => boolean,
): boolean {
  for (const record of node.records) if (record.type === type && !test(record)) return false;
  for (const include of node.includes) if (!everyRecord(include, type, test)) return false;
  return true;
}

/** The records of a type in the closure, one per name, sorted by name. */
export function recordsOf(node: ConfigNode, type: ResourceType): ResourceRecord[] {
  const byName = new Map<string, ResourceRecord>();
  visitRecords(node, type, (record) => {
    if (!byName.has(record.name)) byName.set(record.name, record);
  });
  return [...byName.values()].sort(compareRecords);
}

/** A node's own part: its records and those of small includes; and the large includes, whose parts are worth sharing. */
export function partsOf(
  node: ConfigNode,
  type: ResourceType,
): { readonly own: readonly ResourceRecord[]; readonly large: readonly ConfigNode[] } {
  if (!isLarge(node)) return { own: recordsOf(node, type), large: [] };
  const { own, large } = indexOf(node);
  return { own: [...(own.get(type)?.values() ?? [])].sort(compareRecords), large };
}

function indexOf(node: ConfigNode): NodeIndex {
  const known = node.memo.index;
  if (known !== undefined) return known;
  const own = new Map<ResourceType, Map<string, ResourceRecord>>();
  const add = (record: ResourceRecord): void => {
    let names = own.get(record.type);
    if (names === undefined) own.set(record.type, (names = new Map()));
    if (!names.has(record.name)) names.set(record.name, record);
  };
  const addAll = (small: ConfigNode): void => {
    small.records.forEach(add);
    small.includes.forEach(addAll);
  };
  node.records.forEach(add);
  for (const include of node.includes) if (!isLarge(include)) addAll(include);
  const index = { own, large: node.includes.filter(isLarge) };
  node.memo.index = index;
  return index;
}
