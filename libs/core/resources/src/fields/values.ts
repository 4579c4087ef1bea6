import { below, describe, fail, invalid, type Parser } from './parser.ts';

/** Any text. Numbers and booleans are refused as the Kubernetes API does, with the remedy. */
export const text: Parser<string> = (value, at) => {
  if (typeof value === 'string') return value;
  const remedy =
    typeof value === 'number' || typeof value === 'boolean' ? ': put it in quotes' : '';
  return fail(at, 'wrong_type', `must be text, not ${describe(value)}${remedy}`);
};

/** A text that is not empty. */
export const nonEmptyText: Parser<string> = (value, at) => {
  const parsed = text(value, at);
  return parsed === '' ? fail(at, 'invalid_value', 'must not be empty') : parsed;
};

// The words of YAML 1.1, which kubectl reads as booleans and YAML 1.2 as text.
const booleanWords: Readonly<Record<string, boolean>> = {
  yes: true,
  on: true,
  no: false,
  off: false,
};

/** true or false. */
export const bool: Parser<boolean> = (value, at) => {
  if (typeof value === 'boolean') return value;
  const word = typeof value === 'string' ? booleanWords[value.toLowerCase()] : undefined;
  return word ?? fail(at, 'wrong_type', `must be true or false, not ${describe(value)}`);
};

/** A whole number between the bounds, both included. */
export function integer(min: number, max: number): Parser<number> {
  return (value, at) => {
    if (typeof value !== 'number') {
      const quoted =
        typeof value === 'string' && /^\d+$/.test(value) ? ': take the quotes away' : '';
      return fail(at, 'wrong_type', `must be a whole number, not ${describe(value)}${quoted}`);
    }
    if (!Number.isInteger(value) || value < min || value > max) {
      return fail(
        at,
        'invalid_value',
        `must be a whole number from ${min} to ${max}, not ${value}`,
      );
    }
    return value;
  };
}

/** A port, 1 to 65535. */
export const port = integer(1, 65_535);

/** One of the words, spelled exactly so. */
export function oneOf<const T extends string>(words: readonly T[]): Parser<T> {
  return (value, at) => {
    const found = words.find((word) => word === value);
    if (found !== undefined) return found;
    if (typeof value !== 'string') return invalidText(value, at);
    const close = words.find((word) => word.toLowerCase() === value.toLowerCase());
    const remedy = close === undefined ? `use one of ${words.join(', ')}` : `write ${close}`;
    return fail(at, 'invalid_value', `must not be ${describe(value)}; ${remedy}`);
  };
}

const invalidText: Parser<never> = (value, at) => {
  text(value, at);
  return invalid;
};

/** Anything: checked elsewhere, or of no meaning to the mesh. */
export const anything: Parser<unknown> = (value) => value;

/** A list of which every element must be valid. */
export function list<T>(item: Parser<T>): Parser<readonly T[]> {
  return (value, at) => {
    if (!Array.isArray(value)) {
      return fail(at, 'wrong_type', `must be a list, not ${describe(value)}`);
    }
    const parsed = value.map((element: unknown, index) => item(element, below(at, index)));
    const valid = parsed.filter((element): element is T => element !== invalid);
    return valid.length === parsed.length ? valid : invalid;
  };
}

/** A map of texts as pairs sorted by key: labels, annotations, selectors. */
export const textMap: Parser<readonly { readonly key: string; readonly value: string }[]> = (
  value,
  at,
) => {
  if (!isMap(value)) return fail(at, 'wrong_type', `must be a map, not ${describe(value)}`);
  const pairs = Object.keys(value)
    .sort()
    .map((key) => ({ key, value: text(value[key], below(at, key)) }));
  const valid = pairs.filter(
    (pair): pair is { key: string; value: string } => pair.value !== invalid,
  );
  return valid.length === pairs.length ? valid : invalid;
};

export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
