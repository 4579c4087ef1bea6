/** Values by key, any number per key. Values may leave a group while it is being walked. */
export interface Groups<K, V> {
  readonly add: (key: K, value: V) => void;
  readonly remove: (key: K, value: V) => void;
  readonly of: (key: K) => Iterable<V>;
  readonly all: () => Iterable<V>;
}

export function createGroups<K, V>(): Groups<K, V> {
  const groups = new Map<K, Set<V>>();
  const none: readonly V[] = [];
  return {
    add: (key, value) => {
      const group = groups.get(key);
      if (group === undefined) groups.set(key, new Set([value]));
      else group.add(value);
    },
    remove: (key, value) => {
      const group = groups.get(key);
      if (group?.delete(value) === true && group.size === 0) groups.delete(key);
    },
    of: (key) => groups.get(key) ?? none,
    all: function* () {
      for (const group of groups.values()) yield* group;
    },
  };
}
