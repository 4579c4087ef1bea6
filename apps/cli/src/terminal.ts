import { createInterface } from 'node:readline/promises';

/** Where a command speaks and asks. */
export interface Terminal {
  /** A line of the answer. */
  readonly print: (line: string) => void;
  /** A line about what goes on; never part of an answer. */
  readonly note: (line: string) => void;
  /** Asks a person; undefined when there is none. */
  readonly ask: (question: string) => Promise<string | undefined>;
}

/** Where this process writes. */
interface Streams {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
}

/** The terminal of this process. Who stops reading (`| head`) does not end what was begun. */
export function createTerminal({ stdout, stderr }: Streams = process): Terminal {
  for (const stream of [stdout, stderr]) stream.on('error', forgiveClosed);
  return {
    print: (line) => void stdout.write(`${line}\n`),
    note: (line) => void stderr.write(`${line}\n`),
    ask: async (question) => {
      if (!process.stdin.isTTY) return undefined;
      const lines = createInterface({ input: process.stdin, output: process.stderr });
      try {
        return (await lines.question(question)).trim();
      } finally {
        lines.close();
      }
    },
  };
}

function forgiveClosed(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

/** Columns as wide as their widest cell, three blanks apart. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): readonly string[] {
  const widths = head.map((name, column) =>
    Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  return [head, ...rows].map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('   ')
      .trimEnd(),
  );
}
