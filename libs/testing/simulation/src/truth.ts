import type { Chance } from './random.ts';

/** An object of the simulated mesh: `service 2`, `pod 0`, or `grant 0>2`, the access of the pod 0 to service 2. */
export type ObjectName = `service ${number}` | `pod ${number}` | `grant ${number}>${number}`;

/** An object's generation is the version of the truth that made it what it is; undefined = it does not exist. */
export type Generation = number | undefined;

/** What the user's objects are, and have been at any time: the only source of truth. */
export interface Truth {
  readonly names: readonly ObjectName[];
  readonly now: (name: ObjectName) => Generation;
  /** The first place in the object's history, from `from` on, where it is in a state that fits; undefined = nowhere. */
  readonly find: (
    name: ObjectName,
    from: number,
    fits: (state: Generation) => boolean,
  ) => number | undefined;
  /** Changes one object; says what it did. */
  readonly change: () => string;
  readonly onChange: (listener: (name: ObjectName, now: Generation) => void) => () => void;
}

export const serviceCount = 3;
export const workloadCount = 3;

export const serviceNames: readonly ObjectName[] = Array.from(
  { length: serviceCount },
  (_, at): ObjectName => `service ${at}`,
);

/** The access of a pod to each service. */
export const grantsOf: readonly (readonly ObjectName[])[] = Array.from(
  { length: workloadCount },
  (_, from) => serviceNames.map((_service, to): ObjectName => `grant ${from}>${to}`),
);

export const podNames: readonly ObjectName[] = grantsOf.map(
  (_grants, at): ObjectName => `pod ${at}`,
);

const names: readonly ObjectName[] = [...serviceNames, ...podNames, ...grantsOf.flat()];

/** They change, but they never go: whatever happens, nobody may lose them. */
const lasting: ReadonlySet<ObjectName> = new Set([
  'service 0',
  'grant 1>0',
  'grant 2>0',
  ...podNames,
]);

/** Creates the first version, and the history that begins with it. */
export function createTruth(chance: Chance): Truth {
  const history = new Map<ObjectName, Generation[]>();
  const listeners = new Set<(name: ObjectName, now: Generation) => void>();
  let version = 1;
  for (const name of names) {
    history.set(name, [lasting.has(name) || chance.happens(0.6) ? version : undefined]);
  }
  const now = (name: ObjectName): Generation => history.get(name)?.at(-1);
  return {
    names,
    now,
    find: (name, from, fits) => {
      const past = history.get(name) ?? [];
      for (let at = from; at < past.length; at += 1) if (fits(past[at])) return at;
      return undefined;
    },
    change: () => {
      version += 1;
      const name = chance.maybePick(names) ?? 'service 0';
      const goes = now(name) !== undefined && !lasting.has(name) && chance.happens(0.5);
      history.get(name)?.push(goes ? undefined : version);
      for (const listener of listeners) listener(name, now(name));
      return `${name} ${goes ? 'goes' : `becomes ${version}`}`;
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
