/** JSON as it comes from a file or from a service. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

/** A field that does not have the form it must have. The message begins with the field's path. */
export class FieldError extends Error {}

/**
 * A place in a JSON value that knows its path, for reading with errors that say where.
 * Absent fields read as undefined, or as the empty thing for lists and maps; fields of another form throw a FieldError.
 */
export interface Field {
  readonly path: string;
  readonly value: Json | undefined;
  readonly at: (key: string) => Field;
  readonly items: () => Field[];
  readonly text: () => string | undefined;
  readonly requiredText: () => string;
  readonly texts: () => string[];
  readonly integer: () => number | undefined;
  readonly flag: () => boolean | undefined;
  readonly textMap: () => ReadonlyMap<string, string>;
  readonly fail: (expected: string) => never;
}

export function field(value: Json | undefined, path = ''): Field {
  const fail = (expected: string): never => {
    throw new FieldError(`${path} must be ${expected}`);
  };
  const isAbsent = value === undefined || value === null;
  return {
    path,
    value,
    fail,
    at: (key) => {
      if (!isAbsent && !isObject(value)) fail('a map');
      return field(isObject(value) ? value[key] : undefined, path === '' ? key : `${path}.${key}`);
    },
    items: () => {
      if (isAbsent) return [];
      if (!Array.isArray(value)) return fail('a list');
      return value.map((item: Json, i) => field(item, `${path}[${i}]`));
    },
    text: () =>
      isAbsent ? undefined : typeof value === 'string' ? value : fail('a text (put it in quotes)'),
    requiredText: () =>
      typeof value === 'string' && value !== '' ? value : fail('a text that is not empty'),
    texts: () => {
      if (isAbsent) return [];
      if (!Array.isArray(value)) return fail('a list of texts');
      return value.map((item: Json) =>
        typeof item === 'string' ? item : fail('a list of texts (put numbers in quotes)'),
      );
    },
    integer: () =>
      isAbsent
        ? undefined
        : typeof value === 'number' && Number.isInteger(value)
          ? value
          : fail('a whole number'),
    flag: () => (isAbsent ? undefined : typeof value === 'boolean' ? value : fail('true or false')),
    textMap: () => {
      if (isAbsent) return new Map();
      if (!isObject(value)) return fail('a map of texts');
      const entries = Object.entries(value);
      return new Map(
        entries.map(([key, item]) =>
          typeof item === 'string'
            ? [key, item]
            : fail(`a map of texts; "${key}" is none (put it in quotes)`),
        ),
      );
    },
  };
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The same value with all keys sorted: equal values have equal texts. */
export function canonicalText(value: Json | undefined): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    isObject(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
}
