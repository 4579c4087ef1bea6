import { execFileSync } from 'node:child_process';
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

/** All that is bundled: the services, what prepares a cluster for them, and the person's hands. */
export const programNames = [...serviceNames, 'bootstrap', 'cli'] as const;

export type ProgramName = (typeof programNames)[number];

export const repositoryRoot = resolve(import.meta.dirname, '../../..');

/** Where the bundle of a service lies after `nx build`. */
export function bundlePath(service: ProgramName): string {
  return join(repositoryRoot, 'dist/apps', service, 'main.js');
}

/** One file per service, for Node, with all it needs: what an image contains. */
export async function bundleProgram(service: ProgramName): Promise<void> {
  await build(bundleOptions(service));
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
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    format: 'esm',
    sourcemap: true,
    minifySyntax: true,
    legalComments: 'none',
    logLevel: 'warning',
    banner: { js: prologue.join(' ') },
    define: { OSM_BUILD: JSON.stringify(buildInfo()) },
  };
}

/** Version, commit and date of the commit: the same sources give the same bundle. */
function buildInfo(): { version: string; commit: string; date: string } {
  const git = (...args: string[]): string => {
    try {
      return execFileSync('git', args, {
        cwd: repositoryRoot,
        encoding: 'utf8',
        stdio: 'pipe',
      }).trim();
    } catch {
      return 'unknown';
    }
  };
  return {
    version: '0.1.0',
    commit: git('rev-parse', 'HEAD'),
    date: git('log', '-1', '--format=%cI'),
  };
}
