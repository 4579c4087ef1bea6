/** A text that must not appear in logs or errors: it prints, formats and serialises as `[redacted]`. */
export interface SecretText {
  /** The text itself. Call it where the text leaves the process or is stored, nowhere else. */
  readonly reveal: () => string;
}

const redacted = '[redacted]';
const print = (): string => redacted;

/** Wraps a text so that only `reveal` gives it away. */
export function secretText(text: string): SecretText {
  const secret = Object.create(null) as Record<PropertyKey, unknown>;
  for (const key of [
    'toString',
    'toJSON',
    Symbol.toPrimitive,
    Symbol.for('nodejs.util.inspect.custom'),
  ])
    Object.defineProperty(secret, key, { value: print });
  Object.defineProperty(secret, 'reveal', { value: () => text });
  return Object.freeze(secret) as unknown as SecretText;
}
