import { RE2JS } from 're2js';
import { fail, invalid, type At, type Invalid } from '../fields/parser.ts';

/**
 * Largest program of a regular expression, in RE2 instructions. Envoy counts bytes where we count characters, up to ten of its
 * instructions for one of ours, and takes 100,000 (re2.max_program_size.error_level in the bootstrap): so what is accepted
 * here no proxy refuses.
 */
export const regexProgramSizeMax = 2000;

/** A regular expression in RE2's syntax, which Envoy matches in full. Answers its text. */
export function regex(value: string, at: At): string | Invalid {
  let size: number;
  try {
    size = RE2JS.compile(value).programSize();
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    fail(at, 'invalid_regex', `is not an RE2 expression (${reason}); this match is left out`);
    return invalid;
  }
  if (size <= regexProgramSizeMax) return value;
  const text = `is too large (${size} RE2 instructions, at most ${regexProgramSizeMax}); make repetitions smaller. This match is left out`;
  return fail(at, 'regex_too_large', text);
}
