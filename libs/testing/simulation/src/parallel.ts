import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { addReports, noSchedules, seedsFrom, type Report } from './batch.ts';

const root = resolve(import.meta.dirname, '../../../..');
const bundle = join(root, 'dist/simulation/worker.mjs');
const processesMax = 2;

/** Bundles the simulation and the services: what runs from source pays for every import at every access. */
async function bundleWorker(): Promise<void> {
  mkdirSync(join(root, 'dist/simulation'), { recursive: true });
  await build({
    entryPoints: [join(import.meta.dirname, 'worker.ts')],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: bundle,
    sourcemap: 'inline',
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    logLevel: 'error',
  });
}

/** Runs schedules in a few processes at once. */
export async function runParallel(base: number, schedules: number): Promise<Report> {
  await bundleWorker();
  const processes = Math.min(processesMax, availableParallelism());
  const share = Math.ceil(schedules / processes);
  const reports = await Promise.all(
    Array.from({ length: processes }, (_, at) => {
      const [first = base] = seedsFrom(base + at * share, 1);
      return runWorker(first, Math.max(0, Math.min(share, schedules - at * share)));
    }),
  );
  return reports.reduce(addReports, noSchedules);
}

function runWorker(base: number, schedules: number): Promise<Report> {
  const worker = spawn(
    process.execPath,
    ['--max-semi-space-size=64', bundle, `${base}`, `${schedules}`],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    worker.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    worker.on('error', reject);
    worker.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(Buffer.concat(chunks).toString('utf8')) as Report);
      else reject(new Error(`a simulation process ended with ${code ?? 'a signal'}`));
    });
  });
}
