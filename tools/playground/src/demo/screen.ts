import { createInterface, type Interface } from 'node:readline';
import type { Playground } from '../playground.ts';
import { pause } from '../process/backoff.ts';
import type { Check } from './checks.ts';
import { counterTable, readCounters } from './counters.ts';

const refreshMs = 500;

/** The terminal of the demo: lines that scroll by, and at the bottom a table that is refreshed in place. Without a terminal, lines only. */
export class Screen {
  readonly #isLive: boolean;
  readonly #input: Interface | undefined;
  readonly #abort = new AbortController();
  #drawn = 0;
  #onEnter: () => void = () => undefined;

  constructor(isInteractive: boolean) {
    this.#isLive = isInteractive && process.stdout.isTTY === true;
    if (!this.#isLive || process.stdin.isTTY !== true) return;
    this.#input = createInterface({ input: process.stdin });
    this.#input.on('line', () => this.#onEnter());
    // readline takes Ctrl-C from the terminal.
    this.#input.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  }

  line(text: string): void {
    this.#erase();
    process.stdout.write(`${text}\n`);
  }

  heading(text: string): void {
    this.line(process.stdout.isTTY === true ? `\u001b[1m${text}\u001b[0m` : text);
  }

  /** Something that happened meanwhile. */
  note(text: string): void {
    this.line(`  (${text})`);
  }

  check(check: Check): void {
    this.line(
      `  ${check.isOk ? 'ok    ' : 'FAILED'} ${check.name}${check.detail === '' ? '' : ` (${check.detail})`}`,
    );
  }

  /** Shows the counters, refreshed in place, until Enter or the time is over. Without a terminal once, at the end of the time. */
  async showTable(
    playground: Playground,
    footer: string,
    forMs: number | undefined,
  ): Promise<void> {
    const next = new AbortController();
    const signal = AbortSignal.any([next.signal, this.#abort.signal]);
    this.#onEnter = () => {
      // The terminal has moved on by a line.
      this.#drawn++;
      next.abort();
    };
    const deadline = forMs === undefined ? Infinity : performance.now() + forMs;
    while (!signal.aborted && performance.now() < deadline) {
      if (this.#isLive)
        this.#draw([...counterTable(await readCounters(playground)), `  ${footer}`]);
      await pause(Math.min(refreshMs, deadline - performance.now()), signal);
    }
    if (this.#abort.signal.aborted) return;
    for (const line of counterTable(await readCounters(playground))) this.line(line);
  }

  close(): void {
    this.#abort.abort();
    this.#input?.close();
    this.#drawn = 0;
  }

  #draw(lines: readonly string[]): void {
    if (this.#abort.signal.aborted) return;
    this.#erase();
    // A line that wraps would be two to erase.
    const width = process.stdout.columns;
    process.stdout.write(`${lines.map((line) => line.slice(0, width)).join('\n')}\n`);
    this.#drawn = lines.length;
  }

  #erase(): void {
    if (this.#drawn > 0) process.stdout.write(`\u001b[${this.#drawn}A\u001b[J`);
    this.#drawn = 0;
  }
}
