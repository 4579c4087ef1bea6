import type { Content } from './contents.ts';

/** The resources of one type that other resources refer to, by the number of their name: wanted, held, missing. */
export interface Subscription {
  readonly wanted: () => readonly number[];
  readonly held: () => readonly Content[];
  /** How many are wanted and not held. */
  readonly missingCount: () => number;
  readonly missing: () => readonly number[];
  readonly refer: (name: number) => void;
  readonly unrefer: (name: number) => void;
  readonly put: (content: Content) => void;
  readonly drop: (name: number) => void;
  /** Names to subscribe to and to unsubscribe from since the last call. */
  readonly takeChanges: () => {
    readonly subscribe: readonly number[];
    readonly unsubscribe: readonly number[];
  };
}

/** Counts references, so that following a change costs as much as the change. */
export function createSubscription(): Subscription {
  /** All by name; names that were never referred to are holes. */
  const references: number[] = [];
  const held: (Content | undefined)[] = [];
  const asked: boolean[] = [];
  let touched: number[] = [];
  let missing = 0;
  const isWanted = (name: number): boolean => (references[name] ?? 0) > 0;
  const wanted = (): number[] => [...references.keys()].filter(isWanted);
  return {
    wanted,
    held: () => held.filter((content) => content !== undefined),
    missingCount: () => missing,
    missing: () => wanted().filter((name) => held[name] === undefined),
    refer: (name) => {
      const before = references[name] ?? 0;
      references[name] = before + 1;
      if (before > 0) return;
      if (held[name] === undefined) missing += 1;
      touched.push(name);
    },
    unrefer: (name) => {
      const left = (references[name] ?? 0) - 1;
      references[name] = left;
      if (left > 0) return;
      if (held[name] === undefined) missing -= 1;
      touched.push(name);
    },
    put: (content) => {
      if (!isWanted(content.nameId)) return;
      if (held[content.nameId] === undefined) missing -= 1;
      held[content.nameId] = content;
    },
    drop: (name) => {
      if (held[name] === undefined) return;
      held[name] = undefined;
      if (isWanted(name)) missing += 1;
    },
    takeChanges: () => {
      const names = touched.length < 2 ? touched : [...new Set(touched)];
      touched = [];
      const subscribe = names.filter((name) => isWanted(name) && asked[name] !== true);
      const unsubscribe = names.filter((name) => !isWanted(name) && asked[name] === true);
      for (const name of subscribe) asked[name] = true;
      for (const name of unsubscribe) {
        asked[name] = false;
        held[name] = undefined;
      }
      return { subscribe, unsubscribe };
    },
  };
}
