import type { Terminal } from '../src/terminal.ts';

/** A terminal that remembers, with a person who gives these answers, or nobody. */
export function createFakeTerminal(answers: readonly string[] = []): {
  readonly terminal: Terminal;
  readonly printed: readonly string[];
  readonly noted: readonly string[];
} {
  const printed: string[] = [];
  const noted: string[] = [];
  const rest = [...answers];
  const terminal: Terminal = {
    print: (line) => void printed.push(line),
    note: (line) => void noted.push(line),
    ask: () => Promise.resolve(rest.shift()),
  };
  return { terminal, printed, noted };
}
