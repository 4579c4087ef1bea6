import type { Generation, ObjectName, Truth } from './truth.ts';

/**
 * What somebody has been told of the truth, as a place in the history of each object. Places only move on: what is told next must have
 * been true at the place reached or later, so nothing that went comes back, and nothing goes that was there all along.
 */
export interface Knowledge {
  /** The object is in this state. False = it cannot be, after what was told before. */
  readonly is: (name: ObjectName, state: Generation) => boolean;
  readonly exists: (name: ObjectName) => boolean;
  /** One of the objects does not exist, it is not said which. */
  readonly lacksOneOf: (names: readonly ObjectName[]) => boolean;
  readonly place: (name: ObjectName) => number;
  /** Goes back to what somebody else knows. */
  readonly adopt: (name: ObjectName, other: Knowledge) => void;
}

/** Creates the knowledge of somebody who knows nothing. */
export function createKnowledge(truth: Truth): Knowledge {
  const places = new Map<ObjectName, number>();
  const place = (name: ObjectName): number => places.get(name) ?? 0;
  const moveTo = (name: ObjectName, fits: (state: Generation) => boolean): boolean => {
    const found = truth.find(name, place(name), fits);
    if (found !== undefined) places.set(name, found);
    return found !== undefined;
  };
  return {
    is: (name, state) => moveTo(name, (each) => each === state),
    exists: (name) => moveTo(name, (each) => each !== undefined),
    lacksOneOf: (names) => {
      const candidates = names.filter(
        (name) => truth.find(name, place(name), (each) => each === undefined) !== undefined,
      );
      const [only] = candidates;
      if (candidates.length === 1 && only !== undefined)
        return moveTo(only, (each) => each === undefined);
      return candidates.length > 0;
    },
    place,
    adopt: (name, other) => places.set(name, other.place(name)),
  };
}
