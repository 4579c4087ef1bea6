import {
  everyRecord,
  findRecord,
  recordsOf,
  visitRecords,
  type ConfigNode,
} from './config-node.ts';
import type { TypeDiff } from './diff.ts';
import type { ResourceType } from './resource-types.ts';

/**
 * The names that a stream subscribed to, relative to the closure it has. A sidecar subscribes to every endpoint and route that
 * its clusters and listeners name, so nearly always the set is 'all of the closure' and needs no memory per stream.
 */
export type NameSet =
  | { readonly kind: 'some'; readonly names: ReadonlySet<string> }
  | {
      readonly kind: 'all-but';
      /** Names of the closure that are not subscribed. */
      readonly except: ReadonlySet<string>;
      /** Subscribed names that the closure does not have. */
      readonly extra: ReadonlySet<string>;
    };

export const noNames: NameSet = { kind: 'some', names: new Set() };

/** Where a set is relative to: the type, and the closure that the stream has of it. */
export interface NameScope {
  readonly type: ResourceType;
  readonly node: ConfigNode | undefined;
}

const compactMin = 12;
const exceptMax = 256;

export function hasName(set: NameSet, scope: NameScope, name: string): boolean {
  if (set.kind === 'some') return set.names.has(name);
  if (set.extra.has(name)) return true;
  if (set.except.has(name)) return false;
  return scope.node !== undefined && findRecord(scope.node, scope.type, name) !== undefined;
}

/** How many names the set keeps in memory. */
export function rememberedNames(set: NameSet): number {
  return set.kind === 'some' ? set.names.size : set.except.size + set.extra.size;
}

/** The set with names added, and others taken out. */
export function changeNames(
  set: NameSet,
  scope: NameScope,
  change: { readonly add: readonly string[]; readonly drop: readonly string[] },
): NameSet {
  if (change.add.length + change.drop.length === 0) return set;
  const find = (name: string): string | undefined =>
    scope.node === undefined ? undefined : findRecord(scope.node, scope.type, name)?.name;
  if (set.kind === 'some') {
    const names = new Set(set.names);
    for (const name of change.drop) names.delete(name);
    for (const name of change.add) names.add(find(name) ?? name);
    return compact({ kind: 'some', names }, scope);
  }
  const except = new Set(set.except);
  const extra = new Set(set.extra);
  for (const name of change.drop) {
    const known = find(name);
    if (known === undefined) extra.delete(name);
    else except.add(known);
  }
  for (const name of change.add) {
    if (find(name) === undefined) extra.add(name);
    else except.delete(name);
  }
  return expand({ kind: 'all-but', except, extra }, scope);
}

/** The same names after the closure moved: what 'all' means has changed. */
export function rebaseNames(set: NameSet, diff: TypeDiff): NameSet {
  if (set.kind === 'some' || diff.added.length + diff.removed.length === 0) return set;
  const except = new Set(set.except);
  const extra = new Set(set.extra);
  for (const { name } of diff.added) if (!extra.delete(name)) except.add(name);
  for (const name of diff.removed) if (!except.delete(name)) extra.add(name);
  return { kind: 'all-but', except, extra };
}

/** Every subscribed name, sorted. */
export function namesOf(set: NameSet, scope: NameScope): string[] {
  if (set.kind === 'some') return [...set.names].sort();
  const names = scope.node === undefined ? [] : recordsOf(scope.node, scope.type);
  return [
    ...names.map((record) => record.name).filter((name) => !set.except.has(name)),
    ...set.extra,
  ].sort();
}

function compact(set: NameSet & { kind: 'some' }, scope: NameScope): NameSet {
  const { node, type } = scope;
  if (node === undefined || set.names.size < compactMin) return set;
  if (!everyRecord(node, type, (record) => set.names.has(record.name))) return set;
  const extra = new Set(set.names);
  visitRecords(node, type, (record) => void extra.delete(record.name));
  return { kind: 'all-but', except: new Set(), extra };
}

function expand(set: NameSet & { kind: 'all-but' }, scope: NameScope): NameSet {
  if (set.except.size <= exceptMax) return set;
  return { kind: 'some', names: new Set(namesOf(set, scope)) };
}
