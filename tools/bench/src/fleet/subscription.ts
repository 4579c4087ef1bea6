import type { Content } from './contents.ts';

/** The resources of one type that other resources refer to: what is wanted, held and missing. */
export interface Subscription {
  readonly wanted: () => Iterable<string>;
  readonly held: ReadonlyMap<string, Content>;
  /** Wanted, and not held. */
  readonly missing: ReadonlySet<string>;
  readonly refer: (name: string) => void;
  readonly unrefer: (name: string) => void;
  readonly put: (content: Content) => void;
  readonly drop: (name: string) => void;
  /** Names to subscribe to and to unsubscribe from since the last call. */
  readonly takeChanges: () => {
    readonly subscribe: readonly string[];
    readonly unsubscribe: readonly string[];
  };
}

/** Counts references, so that following a change costs as much as the change. */
export function createSubscription(): Subscription {
  const references = new Map<string, number>();
  const held = new Map<string, Content>();
  const missing = new Set<string>();
  const asked = new Set<string>();
  const touched = new Set<string>();
  return {
    wanted: () => references.keys(),
    held,
    missing,
    refer: (name) => {
      references.set(name, (references.get(name) ?? 0) + 1);
      if (!held.has(name)) missing.add(name);
      touched.add(name);
    },
    unrefer: (name) => {
      const left = (references.get(name) ?? 0) - 1;
      if (left > 0) references.set(name, left);
      else references.delete(name);
      touched.add(name);
    },
    put: (content) => {
      if (!references.has(content.name)) return;
      held.set(content.name, content);
      missing.delete(content.name);
    },
    drop: (name) => {
      held.delete(name);
      if (references.has(name)) missing.add(name);
    },
    takeChanges: () => {
      const subscribe = [...touched].filter((name) => references.has(name) && !asked.has(name));
      const unsubscribe = [...touched].filter((name) => !references.has(name) && asked.has(name));
      for (const name of subscribe) asked.add(name);
      for (const name of touched)
        if (!references.has(name)) {
          asked.delete(name);
          held.delete(name);
          missing.delete(name);
        }
      touched.clear();
      return { subscribe, unsubscribe };
    },
  };
}
