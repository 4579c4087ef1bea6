import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { Playground } from '@osm/playground';
import { until } from './waiting.ts';

type Pod = Playground['pods'][number];

/** Who dials: a pod of this workload, the first one, or the one with that name. */
export function podNamed(playground: Playground, name: string): Pod {
  const pod = playground.pods.find(
    ({ blueprint, isStopping }) =>
      !isStopping && (blueprint.name === name || blueprint.owner === name),
  );
  if (pod === undefined) throw new Error(`no pod ${name}`);
  return pod;
}

function pidOf(pod: Pod): number {
  const pid = pod.instance?.pid;
  if (pid === undefined) throw new Error(`${pod.title} does not run`);
  return pid;
}

/** The addresses that a name has for a pod; the name itself when it is an address. */
export function addressesOf(pod: Pod, name: string): readonly string[] {
  if (/^[\d.]+$/.test(name)) return [name];
  const hosts = readFileSync(`/proc/${pidOf(pod)}/root/.playground/etc/hosts`, 'utf8');
  return hosts
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, ...names]) => names.includes(name))
    .flatMap(([address]) => (address === undefined ? [] : [address]));
}

/** A TCP connection that a pod has open, line by line. */
export class LineConnection {
  readonly #socket: Socket;
  readonly #lines: string[] = [];
  #rest = '';
  #isOpen = true;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      const parts = (this.#rest + text).split('\n');
      this.#rest = parts.pop() ?? '';
      this.#lines.push(...parts);
    });
    for (const event of ['end', 'error', 'close']) socket.on(event, () => (this.#isOpen = false));
    socket.resume();
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** The next line; `closed` when the connection ends before, `silent` when nothing comes. */
  async hear(limitMs = 3000): Promise<string> {
    const heard = (): boolean => this.#lines.length > 0 || !this.#isOpen;
    try {
      await until('a line', limitMs, heard);
    } catch {
      return 'silent';
    }
    return this.#lines.shift() ?? 'closed';
  }

  ask(line: string): Promise<string> {
    this.#socket.write(`${line}\n`);
    return this.hear();
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Opens a connection from a pod to a name or address, as its programs would. @throws MeshError with ECONNREFUSED and the like */
export async function connectFrom(
  playground: Playground,
  from: string,
  [name, port]: readonly [string, number],
): Promise<LineConnection> {
  const pod = podNamed(playground, from);
  const [address] = addressesOf(pod, name);
  if (address === undefined) throw new Error(`no such name: ${name}`);
  return new LineConnection(await playground.dialer.connect(pidOf(pod), address, port));
}

/**
 * What a pod hears from a server: the answer to a line, or without one the first that the server says; else `closed`, `silent`,
 * `refused`, `no such name`.
 */
export async function talk(
  playground: Playground,
  from: string,
  to: readonly [string, number],
  line?: string,
): Promise<string> {
  try {
    const connection = await connectFrom(playground, from, to);
    const heard = await (line === undefined ? connection.hear() : connection.ask(line));
    connection.close();
    return heard;
  } catch (thrown) {
    const { message } = thrown as Error;
    if (message.includes('ECONNREFUSED')) return 'refused';
    if (message.includes('no such name')) return 'no such name';
    throw thrown;
  }
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** One GET from a pod to a name. */
export function get(playground: Playground, from: string, url: string): Promise<Answer> {
  return send(playground, from, url, { method: 'GET' });
}

/** Sends JSON from a pod to a name. */
export function post(
  playground: Playground,
  from: string,
  url: string,
  body: object,
): Promise<Answer> {
  return send(playground, from, url, { method: 'POST', body: JSON.stringify(body) });
}

async function send(
  playground: Playground,
  from: string,
  url: string,
  content: { readonly method: 'GET' } | { readonly method: 'POST'; readonly body: string },
): Promise<Answer> {
  const { hostname, port, pathname, host } = new URL(url);
  const pod = podNamed(playground, from);
  const [address] = addressesOf(pod, hostname);
  if (address === undefined) throw new Error(`no such name: ${hostname}`);
  const question = {
    host: address,
    port: Number(port || 80),
    path: pathname,
    headers: { host },
    ...content,
  };
  return playground.dialer.http(pidOf(pod), question);
}
