import { join } from 'node:path';
import { build } from 'esbuild';

/**
 * Bundles one of the bench's own processes, so that what is measured runs as the services do: without a loader that translates
 * TypeScript beside it. Returns the file.
 */
export async function bundlePeer(name: string, directory: string): Promise<string> {
  const outfile = join(directory, `${name}.mjs`);
  await build({
    entryPoints: [join(import.meta.dirname, '..', name, 'main.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    format: 'esm',
    logLevel: 'error',
    // Some dependencies are CommonJS and call require() for built-ins.
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
  });
  return outfile;
}
