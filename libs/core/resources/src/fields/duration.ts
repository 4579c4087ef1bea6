import { fail, invalid, type Parser } from './parser.ts';
import { text } from './values.ts';

const part = /(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g;
const whole = /^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/;
const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** The milliseconds of a duration as Go writes it (24h, 1h30m), rounded; undefined when it is none. */
export function goDurationMs(text: string): number | undefined {
  if (!whole.test(text)) return undefined;
  let sum = 0;
  for (const [, amount, unit] of text.matchAll(part))
    sum += Number(amount) * (unitMs[unit ?? ''] ?? 0);
  return Math.round(sum);
}

/** A duration as Go writes it, above zero, in whole milliseconds. */
export const durationMs: Parser<number> = (value, at) => {
  const ms = durationOrNoneMs(value, at);
  return ms === 0 ? fail(at, 'invalid_value', 'must be longer than zero') : ms;
};

/** The same; 0s means none. */
export const durationOrNoneMs: Parser<number> = (value, at) => {
  const parsed = text(value, at);
  if (parsed === invalid) return invalid;
  const is = `"${parsed}"`;
  return (
    goDurationMs(parsed) ??
    fail(at, 'invalid_value', `must be a duration such as 24h or 1h30m, not ${is}`)
  );
};
