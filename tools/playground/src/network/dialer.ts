import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { MeshError } from '@osm/prelude';
import { dieWithParent, signalProcess } from '../process/children.ts';
import { shortSocketPath } from './unix-socket.ts';

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

export interface HttpQuestion {
  readonly host?: string;
  readonly port: number;
  readonly path: string;
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs?: number;
}

/** Opens connections inside the network namespaces of other processes, with the help of a small agent process (dialer.py). */
export class Dialer {
  readonly #directory: string;
  readonly #agent: ChildProcess;

  private constructor(directory: string, agent: ChildProcess) {
    this.#directory = directory;
    this.#agent = agent;
  }

  /** Starts the agent; its socket lies in the directory. */
  static async create(directory: string): Promise<Dialer> {
    rmSync(join(directory, 'dial.sock'), { force: true });
    const [command, args] = dieWithParent('python3', [
      '-I',
      join(import.meta.dirname, 'dialer.py'),
    ]);
    const agent = spawn(command, args, {
      cwd: directory,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    let complaint = '';
    agent.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString('utf8')));
    await new Promise<void>((resolve, reject) => {
      agent.stdout.once('data', () => resolve());
      agent.once('close', () =>
        reject(new MeshError('io', `the connection agent ended: ${complaint.trim()}`)),
      );
      agent.once('error', (cause) =>
        reject(new MeshError('io', `cannot run python3: ${cause.message}`, { cause })),
      );
    });
    return new Dialer(directory, agent);
  }

  /** @throws MeshError io, with the system's name of what went wrong (ECONNREFUSED) in the message */
  async connect(pid: number, host: string, port: number): Promise<Socket> {
    const path = shortSocketPath(this.#directory, 'dial.sock');
    const socket = connect(path.path);
    socket.on('error', () => undefined);
    try {
      socket.write(`${pid} ${host} ${port}\n`);
      const line = await readLine(socket);
      if (line === 'ok') return socket;
      throw new MeshError(
        'io',
        line === '' ? 'the connection agent is gone' : line.replace(/^error /, ''),
      );
    } catch (thrown) {
      socket.destroy();
      throw thrown;
    } finally {
      path.release();
    }
  }

  /** One HTTP request on an own connection. */
  async http(pid: number, question: HttpQuestion): Promise<HttpAnswer> {
    const host = question.host ?? '127.0.0.1';
    const socket = await this.connect(pid, host, question.port);
    return new Promise((resolve, reject) => {
      const fail = (cause: Error): void => {
        socket.destroy();
        reject(
          new MeshError('io', `${host}:${question.port}${question.path}: ${cause.message}`, {
            cause,
          }),
        );
      };
      const outgoing = request({
        createConnection: () => socket,
        host,
        port: question.port,
        path: question.path,
        method: question.method ?? 'GET',
        headers: { connection: 'close', ...question.headers },
        signal: AbortSignal.timeout(question.timeoutMs ?? 5000),
      });
      // It was paused after the agent's answer, and an explicit pause is not ended by a reader's coming.
      outgoing.once('socket', () => socket.resume());
      outgoing.once('error', fail);
      outgoing.once('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', fail);
        response.once('end', () => {
          socket.destroy();
          resolve({
            status: response.statusCode ?? 0,
            body: Buffer.concat(chunks).toString('utf8'),
          });
        });
      });
      outgoing.end(question.body);
    });
  }

  async close(): Promise<void> {
    if (this.#agent.pid === undefined || this.#agent.exitCode !== null) return;
    const ended = once(this.#agent, 'exit');
    signalProcess(this.#agent.pid, 'SIGKILL');
    await ended;
  }
}

function readLine(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let said = Buffer.alloc(0);
    const done = (line: string): void => {
      socket.off('data', onData);
      socket.off('close', onClose);
      resolve(line);
    };
    const onClose = (): void => done('');
    const onData = (chunk: Buffer): void => {
      said = Buffer.concat([said, chunk]);
      const end = said.indexOf('\n');
      if (end < 0) return;
      socket.pause();
      if (said.length > end + 1) socket.unshift(said.subarray(end + 1));
      done(said.subarray(0, end).toString('utf8'));
    };
    socket.on('data', onData);
    socket.once('close', onClose);
  });
}
