/** Small numbers for the names of resources: a thousand proxies that hold the same names hold no texts. */
export interface Names {
  readonly idOf: (name: string) => number;
  readonly nameOf: (id: number) => string;
}

/** Numbers names from 0, in the order in which they are first asked for. */
export function createNames(): Names {
  const ids = new Map<string, number>();
  const names: string[] = [];
  return {
    idOf: (name) => {
      const known = ids.get(name);
      if (known !== undefined) return known;
      const id = names.length;
      ids.set(name, id);
      names.push(name);
      return id;
    },
    nameOf: (id) => names[id] ?? '',
  };
}
