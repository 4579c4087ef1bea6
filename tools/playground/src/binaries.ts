// `tsx tools/playground/src/binaries.ts`: gets Envoy and NATS and prints where they are.
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { MeshError } from '@osm/prelude';
import { run } from './process/run.ts';
import { repositoryRoot } from './repository.ts';
import { ownDirectory } from './state-directory.ts';

export interface Binaries {
  readonly envoy: string;
  readonly natsServer: string;
}

export interface BinariesOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Told before something takes long. */
  readonly report?: (message: string) => void;
}

const requirements = join(import.meta.dirname, '../requirements.txt');

/** The Python environment that has what is required; undefined when there is none. */
function installedVenv(): string | undefined {
  const places = [join(repositoryRoot, '.osm/venv'), join(ownDirectory(), 'venv')];
  return places.find((venv) => {
    const stamp = join(venv, 'installed.txt');
    return existsSync(stamp) && readFileSync(stamp, 'utf8') === readFileSync(requirements, 'utf8');
  });
}

/** True when ensureBinaries would have to make a Python environment. */
export function needsInstallation(
  env: Readonly<Record<string, string | undefined>> = process.env,
): boolean {
  const isGiven = env['ENVOY_PATH'] !== undefined && env['NATS_SERVER_PATH'] !== undefined;
  return !isGiven && installedVenv() === undefined;
}

/**
 * Paths of the Envoy and NATS server binaries. ENVOY_PATH and NATS_SERVER_PATH say where they are; otherwise they come from the
 * Python packages named in requirements.txt, installed once into .osm/venv (of the checkout, or of the home directory when the checkout
 * belongs to somebody else).
 *
 * @throws MeshError io with what to do when they cannot be had
 */
export async function ensureBinaries(options: BinariesOptions = {}): Promise<Binaries> {
  const env = options.env ?? process.env;
  const given = { envoy: env['ENVOY_PATH'], natsServer: env['NATS_SERVER_PATH'] };
  if (given.envoy !== undefined && given.natsServer !== undefined) {
    return {
      envoy: executable(given.envoy, 'ENVOY_PATH'),
      natsServer: executable(given.natsServer, 'NATS_SERVER_PATH'),
    };
  }
  const venv = installedVenv() ?? (await install(options.report));
  const library = packagesOf(venv);
  return {
    // The package's own `envoy` is a Python wrapper; pods need the program itself.
    envoy: executable(given.envoy ?? join(library, 'envoy/_bin/envoy'), 'ENVOY_PATH'),
    natsServer: executable(given.natsServer ?? join(venv, 'bin/nats-server'), 'NATS_SERVER_PATH'),
  };
}

/** The packages' directory, found without running the environment's Python, which may belong to a user whose files others cannot see. */
function packagesOf(venv: string): string {
  const [python = 'python3'] = readdirSync(join(venv, 'lib')).filter((name) =>
    name.startsWith('python3'),
  );
  return join(venv, 'lib', python, 'site-packages');
}

async function install(report?: (message: string) => void): Promise<string> {
  const venv = join(ownDirectory(), 'venv');
  report?.('getting Envoy and NATS from their Python packages (once, about 50 MB) ...');
  // Made aside and moved into place: an interrupted installation is never taken for a complete one, and two at once do no harm.
  const draft = `${venv}-${process.pid}`;
  try {
    rmSync(draft, { recursive: true, force: true });
    mkdirSync(draft, { recursive: true });
    await makeEnvironment(draft);
    rmSync(venv, { recursive: true, force: true });
    renameSync(draft, venv);
    return venv;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

async function makeEnvironment(path: string): Promise<void> {
  const made = await run('python3', ['-m', 'venv', path]);
  if (made.status !== 0) {
    const said = (made.stderr + made.stdout).trim().slice(-500);
    throw new MeshError(
      'io',
      `python3 cannot make a virtual environment (Debian, Ubuntu: sudo apt-get install python3-venv)\n${said}`,
    );
  }
  const flags = ['--quiet', '--disable-pip-version-check', '--only-binary=:all:'];
  const pip = ['-m', 'pip', 'install', ...flags, '-r', requirements];
  const installed = await run(join(path, 'bin/python'), pip);
  if (installed.status !== 0) {
    throw new MeshError(
      'io',
      `pip cannot install Envoy and NATS: ${installed.stderr.trim().slice(-800)}\n` +
        'Is there a connection to the Python package index? Otherwise set ENVOY_PATH and NATS_SERVER_PATH to binaries that you have.',
    );
  }
  writeFileSync(join(path, 'installed.txt'), readFileSync(requirements));
}

function executable(path: string, variable: string): string {
  try {
    accessSync(path, constants.X_OK);
    return resolve(path);
  } catch {
    throw new MeshError('not_found', `${path} is not a program that can be run: set ${variable}`);
  }
}

if (process.argv[1] === import.meta.filename) {
  const binaries = await ensureBinaries({
    report: (message) => process.stderr.write(`${message}\n`),
  });
  process.stdout.write(`ENVOY_PATH=${binaries.envoy}\nNATS_SERVER_PATH=${binaries.natsServer}\n`);
}
