import { spawn, type ChildProcess } from 'node:child_process';
import { cpSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createDevelopmentCredentials, findNatsServer, freePort, renderNatsConfig } from '@osm/bus';
import { sleep } from '../../src/waiting.ts';

/** How a server is to run until it is started the next time. */
export interface NatsSettings {
  /** Most bytes that JetStream may keep. */
  readonly storeBytesMax?: number;
  /** False: messages only, no storage. */
  readonly jetstream?: boolean;
  /** The only services that it knows; all when absent. */
  readonly services?: readonly string[];
}

/** One nats-server of a test, which nobody restarts but the test. */
export interface NatsNode {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly store: string;
  /** Starts it and resolves with the time (Date.now) from which on it accepts connections. */
  readonly start: (settings?: NatsSettings) => Promise<number>;
  /** kill -9. */
  readonly kill: () => Promise<void>;
  readonly pause: () => void;
  readonly resume: () => void;
  /** What it says about itself on a monitoring page. */
  readonly monitor: (path: string) => Promise<unknown>;
  readonly log: () => string;
}

/** The servers of one control plane, with the accounts and rights of the mesh. */
export interface NatsServers {
  readonly nodes: readonly NatsNode[];
  /** Credentials file of a service. */
  readonly credentials: (service: string) => string;
  readonly close: () => Promise<void>;
}

/** Prepares one server, or the members of a cluster, on an address of the loopback; nothing runs yet. */
export async function createNatsServers(options: {
  readonly directory: string;
  readonly host: string;
  readonly size: 1 | 3;
}): Promise<NatsServers> {
  const { directory, host, size } = options;
  const { users, files } = createDevelopmentCredentials(directory);
  const ports = await freePorts(host, size * 3);
  const clusterPorts = ports.slice(size, 2 * size);
  const members = clusterPorts.map((port) => `${host}:${port}`);
  const nodes = Array.from({ length: size }, (_, index) => {
    const name = `nats-${index + 1}`;
    const place = join(directory, name);
    mkdirSync(place, { recursive: true });
    const [port = 0, clusterPort = 0, monitorPort = 0] = [
      ports[index],
      clusterPorts[index],
      ports[2 * size + index],
    ];
    const store = join(place, 'jetstream');
    const config = ({ storeBytesMax, jetstream = true, services }: NatsSettings): string => {
      const text = renderNatsConfig({
        host,
        port,
        serverName: name,
        storeDir: store,
        users: users.filter(({ service }) => services?.includes(service) ?? true),
        monitorPort,
        ...(storeBytesMax === undefined ? {} : { storeBytesMax }),
        ...(size === 1 ? {} : { cluster: { name: 'test', port: clusterPort, members } }),
      });
      return jetstream ? text : text.replace(/^jetstream .*$|^ *jetstream: enabled$/gm, '');
    };
    return createNode({ name, host, port, monitorPort, place, store, config });
  });
  return {
    nodes,
    credentials: (service) => files.get(service) ?? '',
    close: async () => {
      await Promise.all(nodes.map((node) => node.kill()));
    },
  };
}

interface NodeOptions {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly monitorPort: number;
  readonly place: string;
  readonly store: string;
  readonly config: (settings: NatsSettings) => string;
}

function createNode(options: NodeOptions): NatsNode {
  const { name, host, port, place, config } = options;
  const logFile = join(place, 'log');
  let child: ChildProcess | undefined;
  let gone = Promise.resolve();
  const start = async (settings: NatsSettings = {}): Promise<number> => {
    const configFile = join(place, 'nats.conf');
    writeFileSync(configFile, config(settings));
    const log = openSync(logFile, 'a');
    const args = ['--pdeathsig', 'KILL', '--', findNatsServer(), '-c', configFile];
    const started = spawn('setpriv', args, { stdio: ['ignore', log, log] });
    child = started;
    gone = new Promise((resolve) => started.once('close', () => resolve()));
    return accepting(host, port, started, logFile);
  };
  const signal = (which: NodeJS.Signals): void => {
    if (child?.exitCode === null && child.signalCode === null) child.kill(which);
  };
  return {
    name,
    host,
    port,
    store: options.store,
    start,
    kill: () => {
      signal('SIGKILL');
      return gone;
    },
    pause: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
    monitor: async (path) =>
      (
        await fetch(`http://${host}:${options.monitorPort}${path}`, {
          signal: AbortSignal.timeout(1_000),
        })
      ).json() as Promise<unknown>,
    log: () => readFileSync(logFile, 'utf8'),
  };
}

/** The moment at which a server greets who connects. */
async function accepting(
  host: string,
  port: number,
  child: ChildProcess,
  logFile: string,
): Promise<number> {
  const end = Date.now() + 20_000;
  while (!(await greets(host, port))) {
    if (child.exitCode !== null || Date.now() > end)
      throw new Error(`nats-server does not start:\n${readFileSync(logFile, 'utf8').slice(-2000)}`);
    await sleep(5);
  }
  return Date.now();
}

function greets(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (good: boolean): void => {
      socket.destroy();
      resolve(good);
    };
    socket.once('data', () => end(true));
    socket.once('error', () => end(false));
    socket.once('close', () => end(false));
  });
}

async function freePorts(host: string, count: number): Promise<readonly number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort(host));
  return [...ports];
}

/** Removes everything that a stopped server has stored. */
export function wipe({ store }: NatsNode): void {
  rmSync(store, { recursive: true, force: true });
}

/** Copies what a stopped server has stored; the result, to be called while it is stopped again, puts it back. */
export function snapshot({ store }: NatsNode): () => void {
  const copy = `${store}.copy`;
  rmSync(copy, { recursive: true, force: true });
  cpSync(store, copy, { recursive: true });
  return () => {
    rmSync(store, { recursive: true, force: true });
    cpSync(copy, store, { recursive: true });
  };
}
