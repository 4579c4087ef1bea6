import type { DiagnosticCode } from '@osm/model';
import type { Emitted } from './part.ts';

/** Largest bundle that is published: the bus takes 1 MB, headers included. */
export const bundleBytesMax = 900_000;

/** Every code that this package reports, with its severity and meaning. Codes are stable; docs/diagnostics.md lists them. */
export const bundleDiagnosticCodes = {
  bundle_inconsistent: {
    severity: 'error',
    meaning:
      'Envoy would refuse the configuration made from an object; the last good one stays in force.',
  },
  bundle_too_large: {
    severity: 'error',
    meaning:
      'The configuration made from an object does not fit on the bus; the last good one stays in force.',
  },
} as const satisfies Readonly<Record<string, DiagnosticCode>>;

/** Why a bundle, or a part of it, is kept back. */
export interface BundleProblem {
  readonly code: keyof typeof bundleDiagnosticCodes;
  readonly message: string;
}

/** Checks a unit alone: nothing that Envoy would refuse, nothing that the bus would not take. Empty = good. */
export function checkBundle({ parts, bundle }: Emitted): readonly BundleProblem[] {
  const problems = parts.flatMap(({ facts }) => facts.problems.map(inconsistent));
  const resources = bundle.resources.reduce(
    (sum, { body, name, typeUrl }) => sum + body.length + name.length + typeUrl.length + 40,
    0,
  );
  const size = bundle.includes.reduce((sum, key) => sum + key.length + 4, resources);
  return size > bundleBytesMax ? [...problems, tooLarge(size)] : problems;
}

function inconsistent(message: string): BundleProblem {
  return { code: 'bundle_inconsistent', message };
}

function tooLarge(size: number): BundleProblem {
  return {
    code: 'bundle_too_large',
    message: `its configuration has ${size} bytes, the limit is ${bundleBytesMax}; use fewer or shorter matches, sources and names`,
  };
}

/** What of a unit's includes may be published. */
export interface CheckedIncludes {
  /** In the unit's order. */
  readonly includes: readonly string[];
  /** By include that was left out: why. */
  readonly leftOut: ReadonlyMap<string, BundleProblem>;
  /** References of the unit's own resources that nothing resolves. With one of these the unit must not be published at all. */
  readonly unresolved: readonly BundleProblem[];
}

/**
 * Checks what meets in one proxy: the unit and all it includes. Every reference must resolve, and no two resources may have one name, no
 * two listeners one address: Envoy would refuse the second. An include that does not fit in is left out, the first by key stays.
 *
 * A scope is taken as it is: it was checked itself, and nothing in it can collide with a workload's own resources, whose names and
 * addresses are fixed.
 */
export function checkIncludes(
  emitted: Emitted,
  lookup: (key: string) => Emitted | undefined,
): CheckedIncludes {
  const owners = new Map(claimsOf(emitted).map((claim) => [claim, '']));
  const leftOut = new Map<string, BundleProblem>();
  const includes: string[] = [];
  for (const key of emitted.bundle.includes) {
    const problem = takeIn(key, owners, lookup);
    if (problem === undefined) includes.push(key);
    else leftOut.set(key, problem);
  }
  const unresolved = needsOf(emitted)
    .filter((need) => !owners.has(need))
    .map((need) => inconsistent(`${need} is needed but not defined`));
  return { includes, leftOut, unresolved };
}

/** Adds the claims of an include and of all it includes, or none of them and says why. */
function takeIn(
  include: string,
  owners: Map<string, string>,
  lookup: (key: string) => Emitted | undefined,
): BundleProblem | undefined {
  const closure = new Set([include]);
  const claims = new Map<string, string>();
  const needs: string[] = [];
  // A set visits what is added while it is being read.
  for (const key of closure) {
    const emitted = lookup(key);
    if (emitted === undefined) return inconsistent(`${key} is not published`);
    if (emitted.parts.length === 0) return undefined;
    for (const next of emitted.bundle.includes) closure.add(next);
    for (const claim of claimsOf(emitted)) {
      const owner = owners.get(claim) ?? claims.get(claim) ?? key;
      if (owner !== key) return inconsistent(`${claim} is already taken by ${owner}`);
      claims.set(claim, key);
    }
    needs.push(...needsOf(emitted));
  }
  const missing = needs.find((need) => !claims.has(need));
  if (missing !== undefined) return inconsistent(`${missing} is needed but not defined`);
  for (const [claim, key] of claims) owners.set(claim, key);
  return undefined;
}

/** What a unit occupies in a proxy: names of resources and addresses of listeners. */
export function claimsOf({ parts }: Emitted): readonly string[] {
  return parts.flatMap(({ facts }) => [
    facts.defines,
    ...facts.addresses.map((address) => `listener address ${address}`),
  ]);
}

function needsOf({ parts }: Emitted): readonly string[] {
  return parts.flatMap(({ facts }) => facts.needs);
}
