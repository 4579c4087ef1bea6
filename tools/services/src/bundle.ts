import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build, context, type BuildContext, type BuildOptions } from 'esbuild';

/** The five services, in the order of the data flow, and the agent of pods without a sidecar. */
export const serviceNames = [
  'catalog-watcher',
  'certificate-manager',
  'policy-compiler',
  'xds-server',
  'injector',
  'proxyless-agent',
] as const;

export type ServiceName = (typeof serviceNames)[number];

/** All that is bundled: the services, what prepares a cluster for them, the answer to TCP probes, and the person's hands. */
export const programNames = [...serviceNames, 'bootstrap', 'healthcheck', 'cli'] as const;

export type ProgramName = (typeof programNames)[number];

export const repositoryRoot = resolve(import.meta.dirname, '../../..');

/** Of all that is built here. */
export const version = readVersion();

/** Where the bundle of a service lies after `nx build`. */
export function bundlePath(service: ProgramName): string {
  return join(repositoryRoot, 'dist/apps', service, 'main.js');
}

/** One file per service, for Node, with all it needs: what an image contains. */
export async function bundleProgram(
  service: ProgramName,
  outfile = bundlePath(service),
): Promise<void> {
  await build({ ...bundleOptions(service), outfile });
}

/** The same, kept warm: `rebuild` runs again whenever a source file changed (see serve.ts). */
export function watchService(
  service: ServiceName,
  onEnd: (errors: number) => void,
): Promise<BuildContext> {
  const notify = {
    name: 'notify',
    setup: (hooks: { onEnd: (callback: (result: { errors: unknown[] }) => void) => void }) =>
      hooks.onEnd((result) => onEnd(result.errors.length)),
  };
  return context({ ...bundleOptions(service), plugins: [notify] });
}

/**
 * What Node is started with wherever a bundle runs: one thread beside the main one for compiling and collecting garbage. With Node's own four
 * a service holds 5 to 10 MB more, and has a core at most where it runs (docs/performance.md).
 */
export const nodeFlags = ['--v8-pool-size=1'] as const;

const prologue = [
  // Some dependencies are CommonJS and call require() for built-ins.
  "import { createRequire as __createRequire } from 'node:module';",
  'const require = __createRequire(import.meta.url);',
  // V8's young generation grows to 32 MB in a process that was busy once: in five services a fifth of what the control plane may use.
  // Kept small it costs up to a tenth of the CPU under load (docs/performance.md). Before anything else, because it grows while modules load.
  "import { setFlagsFromString as __setFlags } from 'node:v8';",
  "__setFlags('--semi-space-growth-factor=1');",
] as const;

function bundleOptions(service: ProgramName): BuildOptions {
  return {
    entryPoints: [join(repositoryRoot, 'apps', service, 'src/main.ts')],
    outfile: bundlePath(service),
    // Paths in the bundle are relative to this one, so that it is the same wherever the checkout lies and whoever builds it.
    absWorkingDir: repositoryRoot,
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    format: 'esm',
    sourcemap: true,
    minifySyntax: true,
    legalComments: 'none',
    logLevel: 'warning',
    banner: { js: prologue.join(' ') },
    define: { OSM_BUILD: JSON.stringify(buildInfo(service)) },
  };
}

function readVersion(): string {
  const manifest = readFileSync(join(repositoryRoot, 'package.json'), 'utf8');
  return (JSON.parse(manifest) as { readonly version: string }).version;
}

/** What goes into every bundle beside the folder of the program itself: nx.json repeats it for its cache. */
const sharedSources = [
  'libs',
  'proto',
  'tools/services',
  'package-lock.json',
  'tsconfig.base.json',
];

/** Version, and the last commit that touched what is in the program: the same sources give the same bundle. */
function buildInfo(service: ProgramName): { version: string; commit: string; date: string } {
  const sources = [`apps/${service}`, ...sharedSources];
  const [commit = 'unknown', date = 'unknown'] = git(
    ...['log', '-1', '--format=%H %cI', '--', ...sources],
  ).split(' ');
  return { version, commit, date };
}

/** Trimmed; "unknown unknown" where the sources lie in no repository. */
function git(...args: string[]): string {
  try {
    const options = { cwd: repositoryRoot, encoding: 'utf8', stdio: 'pipe' } as const;
    return execFileSync('git', args, options).trim() || 'unknown unknown';
  } catch {
    return 'unknown unknown';
  }
}
