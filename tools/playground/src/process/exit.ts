/** Ends this process once all output has been taken: a pipe takes 64 kB at a time, and `process.exit` drops the rest. */
export async function exitWhenWritten(status: number): Promise<never> {
  for (const stream of [process.stdout, process.stderr]) {
    await new Promise<void>((resolve) => {
      // A reader that is gone takes nothing any more.
      stream.once('error', () => resolve());
      stream.write('', () => resolve());
    });
  }
  process.exit(status);
}
