import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Edit } from './change-plan.ts';
import type { MadeEdit, Stall } from './evidence.ts';
import { parseLines, type Line } from './pod-log.ts';

/** What the process that made the edits has to say. */
export interface EditReport {
  readonly edits: readonly MadeEdit[];
  readonly stalls: readonly Stall[];
  /** When nearly always some process had to wait for a processor. */
  readonly busy: readonly Stall[];
}

/**
 * Makes the edits, one every `intervalMs`, from a process of its own: the time between them does not depend on what the caller does
 * meanwhile, and it notices when the machine stands still.
 */
export async function runEdits(options: {
  readonly program: string;
  readonly directory: string;
  /** On the same file system, and nobody reads it. */
  readonly staging: string;
  readonly intervalMs: number;
  readonly edits: readonly Edit[];
}): Promise<EditReport> {
  const { program, directory, staging, intervalMs, edits } = options;
  mkdirSync(staging, { recursive: true });
  const plan = join(staging, 'plan.json');
  writeFileSync(plan, JSON.stringify({ directory, staging, intervalMs, edits }));
  const child = spawn(process.execPath, [program, 'edit', plan], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`the process that makes the edits ended with ${String(code)}`);
  const lines = parseLines(text);
  return {
    edits: lines.flatMap((line): MadeEdit[] => {
      const edit = edits[Number(line['edit'] ?? -1)];
      return edit === undefined ? [] : [{ ...edit, atMs: Number(line['at']) }];
    }),
    stalls: intervals(lines, 'stall'),
    busy: intervals(lines, 'busy'),
  };
}

function intervals(lines: readonly Line[], name: string): readonly Stall[] {
  return lines.flatMap((line) => (line[name] === undefined ? [] : [line[name] as Stall]));
}
