import { RE2JS } from 're2js';
import { fail, type At, type Invalid } from '../fields/parser.ts';

/**
 * Largest program of a regular expression, in RE2 instructions. Envoy counts bytes where we count characters, up to ten of its
 * instructions for one of ours, and takes 100,000 (re2.max_program_size.error_level in the bootstrap): so what is accepted
 * here no proxy refuses.
 */
export const regexProgramSizeMax = 2_000;

/** Highest cost of one expression: what is more is not compiled, which could take minutes and all memory. */
export const regexCostMax = 4_000;

/** Letters of the expressions that are remembered. */
const rememberedMax = 2_000_000;

/** Classes of Unicode, and letters that may be the ends of one: tens to thousands of ranges each. */
const wide = /\\[pPx]|[^\0-\x7f]/gu;
const wideCost = 200;
/** `{1000}`, `{2,1000}`; not the number of a letter. */
const repetition = /(?<!\\x)\{(\d{1,4})(?:,(\d{0,4}))?\}/g;

/** What compiling an expression costs, told from its text: its letters, more for those that mean many; about 5 µs each. */
export function regexCost(text: string): number {
  return text.length + wideCost * (text.match(wide)?.length ?? 0) + repetitions(text);
}

/** How often something is repeated; a program is no smaller than that. */
function repetitions(text: string): number {
  let sum = 0;
  for (const [, least = '', most = ''] of text.matchAll(repetition)) {
    const count = Number(most === '' ? least : most);
    if (count > 1) sum += count;
  }
  return sum;
}

/** The size of its program, or why it has none. */
type Compiled = number | string;

/** The same expression comes again and again: to the webhook, when its object is stored, with each change of the object. */
const compile = remembering((text) => {
  try {
    return RE2JS.compile(text).programSize();
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
});

function remembering(compileAnew: (text: string) => Compiled): (text: string) => Compiled {
  const known = new Map<string, Compiled>();
  let letters = 0;
  return (text) => {
    const before = known.get(text);
    if (before !== undefined) return before;
    const compiled = compileAnew(text);
    letters += text.length;
    if (letters > rememberedMax) {
      known.clear();
      letters = text.length;
    }
    known.set(text, compiled);
    return compiled;
  };
}

/** A regular expression in RE2's syntax, which Envoy matches in full. Answers its text. */
export function regex(value: string, at: At): string | Invalid {
  const repeated = repetitions(value);
  if (repeated > regexProgramSizeMax) return tooLarge(at, `${repeated} RE2 instructions or more`);
  const cost = regexCost(value);
  if (cost > regexCostMax) {
    const text = `is too large (${cost} letters, of which those beyond ASCII and classes of Unicode count ${wideCost}; at most ${regexCostMax})`;
    return fail(at, 'regex_too_large', `${text}; make it shorter. This match is left out`);
  }
  const compiled = compile(value);
  if (typeof compiled === 'string') {
    const text = `is not an RE2 expression (${compiled}); this match is left out`;
    return fail(at, 'invalid_regex', text);
  }
  if (compiled <= regexProgramSizeMax) return value;
  return tooLarge(at, `${compiled} RE2 instructions`);
}

function tooLarge(at: At, size: string): Invalid {
  const text = `is too large (${size}, at most ${regexProgramSizeMax})`;
  return fail(at, 'regex_too_large', `${text}; make repetitions smaller. This match is left out`);
}
