import { MeshError, type Result } from '@osm/prelude';
import { createCleanup, type Cleanup } from './world/cleanup.ts';

/** What a measurement has around it. */
export interface BenchContext {
  /** Says how far it is, with the time since the start. */
  readonly note: (text: string) => void;
  /** Work whose processes and files end with it, or when the program is told to end. One at a time. */
  readonly withCleanup: <T>(work: (cleanup: Cleanup) => Promise<T>) => Promise<T>;
}

/** One of the programs that measure. */
export interface BenchProgram<Options extends object> {
  /** As in `npm run <name>`. */
  readonly name: string;
  /** The text of --help. */
  readonly help: () => string;
  readonly parse: (argv: readonly string[]) => Result<Options | 'help', string>;
  /** Measures; resolves with what goes to stdout. */
  readonly measure: (options: Options, context: BenchContext) => Promise<string>;
}

/** From the command line to the exit status: 2 for wrong arguments, 130 for a signal, which ends what was started first. */
export async function runBenchProgram<Options extends object>(
  program: BenchProgram<Options>,
): Promise<number> {
  const parsed = program.parse(process.argv.slice(2));
  if (parsed.kind === 'error') {
    process.stderr.write(`${parsed.error}\nTry: npm run ${program.name} -- --help\n`);
    return 2;
  }
  if (parsed.value === 'help') {
    process.stdout.write(program.help());
    return 0;
  }
  const startedAt = performance.now();
  const note = (text: string): void => {
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1).padStart(6);
    process.stderr.write(`${seconds} s  ${text}\n`);
  };
  let current: Cleanup | undefined;
  let isEnding = false;
  const endOnSignal = (signal: NodeJS.Signals): void => {
    isEnding = true;
    note(`${signal}: ending`);
    void (current?.run() ?? Promise.resolve()).finally(() => process.exit(130));
  };
  process.on('SIGINT', endOnSignal);
  process.on('SIGTERM', endOnSignal);
  const withCleanup: BenchContext['withCleanup'] = async (work) => {
    const cleanup = (current = createCleanup());
    try {
      return await work(cleanup);
    } finally {
      await cleanup.run();
    }
  };
  try {
    process.stdout.write(await program.measure(parsed.value, { note, withCleanup }));
    return 0;
  } catch (thrown) {
    // What fails because its processes were ended is no news.
    if (isEnding) return 130;
    process.stderr.write(`bench: ${MeshError.from(thrown).message}\n`);
    return 1;
  }
}
