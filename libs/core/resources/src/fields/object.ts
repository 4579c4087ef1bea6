import {
  below,
  describe,
  fail,
  invalid,
  warn,
  type At,
  type Invalid,
  type Parser,
} from './parser.ts';
import { closest } from './closest.ts';
import { isMap } from './values.ts';

/** A field of an object: what to do with a value, and what to do without one. */
export interface Field<T> {
  readonly parse: Parser<T>;
  readonly absent: (at: At) => T | Invalid;
}

/** Must be there; null counts as absent, as in the Kubernetes API. */
export function required<T>(parse: Parser<T>): Field<T> {
  return { parse, absent: (at) => fail(at, 'missing_field', 'is required') };
}

/** `fallback` stands for an absent field. */
export function optional<T>(parse: Parser<T>, fallback: NoInfer<T>): Field<T> {
  return { parse, absent: () => fallback };
}

/** May be absent. */
export function maybe<T>(parse: Parser<T>): Field<T | undefined> {
  return { parse, absent: () => undefined };
}

export type Shape = Readonly<Record<string, Field<unknown>>>;

export type Fields<S extends Shape> = {
  readonly [K in keyof S]: S[K] extends Field<infer T> ? T : never;
};

/**
 * A map with the fields of `shape`. Other fields are a warning in the mesh's own kinds (`strict`), and of no interest in
 * Kubernetes' kinds, of which the mesh reads a few fields only.
 */
export function object<S extends Shape>(
  shape: S,
  options: { readonly strict: boolean } = { strict: false },
): Parser<Fields<S>> {
  return (value, at) => {
    if (!isMap(value)) return fail(at, 'wrong_type', `must be a map, not ${describe(value)}`);
    if (options.strict) warnUnknown(value, shape, at);
    const result: Record<string, unknown> = {};
    let valid = true;
    for (const [name, field] of Object.entries(shape)) {
      const given = value[name] ?? undefined;
      const parsed =
        given === undefined ? field.absent(below(at, name)) : field.parse(given, below(at, name));
      if (parsed === invalid) valid = false;
      else result[name] = parsed;
    }
    return valid ? (result as Fields<S>) : invalid;
  };
}

function warnUnknown(value: Readonly<Record<string, unknown>>, shape: Shape, at: At): void {
  for (const name of Object.keys(value).sort()) {
    if (Object.hasOwn(shape, name)) continue;
    const known = closest(name, Object.keys(shape));
    const remedy = known === undefined ? 'remove it' : `did you mean ${known}?`;
    warn(below(at, name), 'unknown_field', `is not a field of this kind and is ignored; ${remedy}`);
  }
}
