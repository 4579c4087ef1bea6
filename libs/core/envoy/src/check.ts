import { compareText } from '@osm/prelude';
import type { Emitted } from './part.ts';

/** Largest bundle that is published: the bus takes 1 MB, headers included. */
export const bundleBytesMax = 900_000;

/** Why a bundle must not be published. The code is stable (docs/diagnostics.md). */
export interface BundleProblem {
  readonly code: 'bundle_inconsistent' | 'bundle_too_large';
  readonly message: string;
}

/** Checks a unit alone: nothing that Envoy would refuse whole, nothing that the bus would not take. Empty = good. */
export function checkBundle(emitted: Emitted): readonly BundleProblem[] {
  const facts = emitted.parts.map((part) => part.facts);
  const inside = facts.flatMap((fact) => fact.problems);
  const twice = repeated(facts.map((fact) => fact.defines)).map(
    (name) => `${name} is defined twice`,
  );
  const size = emitted.bundle.resources.reduce((sum, one) => sum + one.body.length, 0);
  return [
    ...[...inside, ...twice].map((message) => ({ code: 'bundle_inconsistent' as const, message })),
    ...(size > bundleBytesMax ? [tooLarge(size)] : []),
  ];
}

function tooLarge(size: number): BundleProblem {
  return {
    code: 'bundle_too_large',
    message: `its configuration has ${size} bytes, more than ${bundleBytesMax}; use fewer or shorter matches and sources`,
  };
}

/** A problem of units that meet in one proxy, with the include that causes it, when leaving it out helps. */
export interface ClosureProblem {
  readonly code: 'bundle_inconsistent';
  /** Key of the unit that came second. */
  readonly unit: string;
  readonly message: string;
}

/**
 * Checks what a proxy would get: `root` and all it includes. Every reference must resolve, and no two listeners may have one name or
 * one address. Of two that collide the one with the lower key stays: the problem names the other.
 */
export function checkClosure(
  root: string,
  lookup: (key: string) => Emitted | undefined,
): readonly ClosureProblem[] {
  const problems: ClosureProblem[] = [];
  const report = (unit: string, message: string): void => {
    problems.push({ code: 'bundle_inconsistent', unit, message });
  };
  const closure = closureOf(root, lookup, report);
  const owners = new Map<string, string>();
  for (const [key, emitted] of closure) {
    for (const claim of claimsOf(emitted)) {
      const owner = owners.get(claim);
      if (owner === undefined) owners.set(claim, key);
      else report(key, `${claim} is already taken by ${owner}`);
    }
  }
  for (const [key, emitted] of closure) {
    for (const need of emitted.parts.flatMap((part) => part.facts.needs))
      if (!owners.has(need)) report(key, `${need} is needed but not defined`);
  }
  return problems;
}

function claimsOf(emitted: Emitted): readonly string[] {
  return emitted.parts.flatMap(({ facts }) => [
    facts.defines,
    ...facts.addresses.map((address) => `listener address ${address}`),
  ]);
}

/** All units of a closure, sorted by key. */
function closureOf(
  root: string,
  lookup: (key: string) => Emitted | undefined,
  report: (unit: string, message: string) => void,
): readonly (readonly [string, Emitted])[] {
  const found = new Map<string, Emitted>();
  const open = [root];
  for (let key = open.pop(); key !== undefined; key = open.pop()) {
    if (found.has(key)) continue;
    const emitted = lookup(key);
    if (emitted === undefined) {
      report(key, `${key} is included but does not exist`);
      continue;
    }
    found.set(key, emitted);
    open.push(...emitted.bundle.includes);
  }
  return [...found].sort(([a], [b]) => compareText(a, b));
}

function repeated(texts: readonly string[]): readonly string[] {
  return [...new Set(texts.filter((text, index) => texts.indexOf(text) !== index))];
}
