import { compareText } from '@osm/prelude';
import { compareRecords, createConfigNode, type ConfigNode } from './config-node.ts';
import { encodeResourceRecord, type ResourceRecord } from './resource-record.ts';
import { resourceTypeOf } from './resource-types.ts';

/** A bundle as published: the shape of osm.xds.v1.Bundle. */
export interface PublishedBundle {
  readonly resources: readonly {
    readonly typeUrl: string;
    readonly name: string;
    readonly version: string;
    readonly body: Uint8Array;
  }[];
  readonly includes: readonly string[];
}

/** A bundle that came, changed or went. */
export type BundleChange =
  | { readonly kind: 'put'; readonly key: string; readonly bundle: PublishedBundle }
  | { readonly kind: 'delete'; readonly key: string };

/** All bundles, and the closure behind every key. */
export interface BundleIndex {
  /**
   * Applies changes as one step and returns the keys whose closure is now another one, in the order includes before includers.
   * The work is that of the changed bundles and of those that include them.
   */
  readonly apply: (changes: readonly BundleChange[]) => readonly string[];
  /** The last complete closure; undefined while there never was one. */
  readonly node: (key: string) => ConfigNode | undefined;
  /** Keys of bundles that wait for one they include; empty when all is complete. */
  readonly incomplete: () => readonly string[];
  readonly size: () => number;
}

/** What a bundle says, its resources encoded. */
interface Content {
  readonly records: readonly ResourceRecord[];
  readonly includes: ReadonlySet<string>;
}

interface Entry {
  /** As published last; undefined = deleted or not seen yet, kept because others include it. */
  published: Content | undefined;
  /** The last published content whose includes were all there: what `node` is made of. */
  effective: Content | undefined;
  node: ConfigNode | undefined;
  /** Keys of bundles whose published or effective content includes this one. */
  readonly includers: Set<string>;
}

interface State {
  readonly entries: Map<string, Entry>;
  readonly waiting: Set<string>;
}

/**
 * Creates an empty index.
 *
 * A bundle is the commit point of what it names: while one of its includes is missing, its previous content stays in force
 * (with what changes below it). Deleting a bundle that others still include does not take it out of their closures, and who
 * holds a node keeps it: nothing is ever removed from a proxy because a bundle is missing.
 */
export function createBundleIndex(): BundleIndex {
  const state: State = { entries: new Map(), waiting: new Set() };
  return {
    apply: (changes) => applyChanges(state, changes),
    node: (key) => state.entries.get(key)?.node,
    incomplete: () => [...state.waiting].sort(compareText),
    size: () => state.entries.size,
  };
}

function applyChanges(state: State, changes: readonly BundleChange[]): readonly string[] {
  const dirty = new Set<string>();
  for (const change of changes) {
    if (change.kind === 'delete') retract(state, change.key);
    else if (publish(state, change.key, change.bundle)) dirty.add(change.key);
  }
  const changed: string[] = [];
  for (const key of includesFirst(state, dirty)) {
    const entry = state.entries.get(key);
    if (entry === undefined || !dirty.has(key) || !rebuild(state, key, entry)) continue;
    changed.push(key);
    for (const includer of entry.includers) dirty.add(includer);
  }
  return changed;
}

/** The keys and all that include them, each after what it includes. */
function includesFirst(state: State, keys: ReadonlySet<string>): string[] {
  const seen = new Set<string>();
  const order: string[] = [];
  const visit = (key: string): void => {
    if (seen.has(key)) return;
    seen.add(key);
    for (const includer of state.entries.get(key)?.includers ?? []) visit(includer);
    order.push(key);
  };
  for (const key of keys) visit(key);
  return order.reverse();
}

function publish(state: State, key: string, bundle: PublishedBundle): boolean {
  const entry = entryOf(state, key);
  const content = encodeContent(bundle, entry.published ?? entry.effective);
  const previous = entry.published;
  if (content === previous) return false;
  entry.published = content;
  for (const include of content.includes) entryOf(state, include).includers.add(key);
  unlinkAll(state, key, previous);
  return true;
}

function retract(state: State, key: string): void {
  const entry = state.entries.get(key);
  if (entry === undefined) return;
  const previous = entry.published;
  entry.published = undefined;
  state.waiting.delete(key);
  unlinkAll(state, key, previous);
  dropUnused(state, key, entry);
}

/** Makes the node anew; false when it is as before, or cannot be made yet. */
function rebuild(state: State, key: string, entry: Entry): boolean {
  const { published } = entry;
  if (published !== undefined && isComplete(state, published)) {
    state.waiting.delete(key);
    const previous = entry.effective;
    entry.effective = published;
    if (previous !== published) unlinkAll(state, key, previous);
  } else if (published !== undefined) state.waiting.add(key);
  const { effective } = entry;
  if (effective === undefined) return false;
  const includes: ConfigNode[] = [];
  for (const include of effective.includes) {
    const node = state.entries.get(include)?.node;
    if (node !== undefined) includes.push(node);
  }
  const node = createConfigNode(key, effective.records, includes);
  if (entry.node !== undefined && hasSameParts(entry.node, node)) return false;
  entry.node = node;
  return true;
}

function isComplete(state: State, content: Content): boolean {
  for (const include of content.includes)
    if (state.entries.get(include)?.node === undefined) return false;
  return true;
}

function entryOf(state: State, key: string): Entry {
  let entry = state.entries.get(key);
  if (entry === undefined) {
    entry = { published: undefined, effective: undefined, node: undefined, includers: new Set() };
    state.entries.set(key, entry);
  }
  return entry;
}

/** Takes back the includes of a former content that no content of the bundle names any more. */
function unlinkAll(state: State, key: string, former: Content | undefined): void {
  const entry = state.entries.get(key);
  for (const include of former?.includes ?? []) {
    if (entry?.published?.includes.has(include) || entry?.effective?.includes.has(include))
      continue;
    const included = state.entries.get(include);
    if (included === undefined) continue;
    included.includers.delete(key);
    dropUnused(state, include, included);
  }
}

/** Forgets a deleted bundle once nothing includes it, and then what only it included. */
function dropUnused(state: State, key: string, entry: Entry): void {
  if (entry.published !== undefined || entry.includers.size > 0) return;
  state.entries.delete(key);
  unlinkAll(state, key, entry.effective);
}

/** Encodes what is new; returns `previous` itself when nothing is. */
function encodeContent(bundle: PublishedBundle, previous: Content | undefined): Content {
  const known = new Map((previous?.records ?? []).map((record) => [recordId(record), record]));
  let isSame =
    previous !== undefined &&
    previous.includes.size === bundle.includes.length &&
    bundle.includes.every((include) => previous.includes.has(include));
  const records: ResourceRecord[] = [];
  for (const resource of bundle.resources) {
    const type = resourceTypeOf(resource.typeUrl);
    if (type === undefined) continue; // of a newer compiler: not for the proxies of this server
    const { name, version, body } = resource;
    const record = known.get(recordId({ type, name, version }));
    if (record === undefined) isSame = false;
    records.push(record ?? encodeResourceRecord({ type, name, version, body }));
  }
  if (isSame && previous?.records.length === records.length) return previous;
  return { records: records.sort(compareRecords), includes: new Set(bundle.includes) };
}

function recordId(record: Pick<ResourceRecord, 'type' | 'name' | 'version'>): string {
  return `${record.type} ${record.version} ${record.name}`;
}

function hasSameParts(a: ConfigNode, b: ConfigNode): boolean {
  return (
    a.records.length === b.records.length &&
    a.includes.length === b.includes.length &&
    a.records.every((record, i) => record === b.records[i]) &&
    a.includes.every((include, i) => include === b.includes[i])
  );
}
