import { fail, type Parser } from './parser.ts';
import { text } from './values.ts';
import { invalid } from './parser.ts';

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

/** A duration as Go writes it (24h, 1h30m), above zero, in whole milliseconds. */
export const durationMs: Parser<number> = (value, at) => {
  const ms = durationOrNoneMs(value, at);
  return ms === 0 ? fail(at, 'invalid_value', 'must be longer than zero') : ms;
};

/** The same; 0s means none. */
export const durationOrNoneMs: Parser<number> = (value, at) => {
  const parsed = text(value, at);
  if (parsed === invalid) return invalid;
  if (!whole.test(parsed)) {
    return fail(at, 'invalid_value', `must be a duration such as 24h or 1h30m, not "${parsed}"`);
  }
  let sum = 0;
  for (const [, amount, unit] of parsed.matchAll(part))
    sum += Number(amount) * (unitMs[unit ?? ''] ?? 0);
  return Math.round(sum);
};
