/** A JSON value that nobody changes. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** An object as it came: nothing is known of its fields. */
export interface JsonObject {
  readonly [key: string]: Json;
}

/** The value as an object; undefined when it is something else. */
export function asObject(value: unknown): JsonObject | undefined {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as JsonObject) : undefined;
}

/** The objects in a list; undefined when the value is no list or holds something else. An absent list is empty. */
export function asObjects(value: unknown): readonly JsonObject[] | undefined {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) return undefined;
  const objects = value.map(asObject).filter((each) => each !== undefined);
  return objects.length === value.length ? objects : undefined;
}

/** The value as a text; undefined when it is something else or empty. */
export function asText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
