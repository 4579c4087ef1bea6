import { connect } from 'node:net';
import { createDevelopmentCredentials, startNatsServer } from '@osm/bus';

export interface DevelopmentNats {
  readonly url: string;
  /** Credentials file of a service. */
  readonly credentials: (service: string) => string;
  /** Resolves when a server that this process ran has ended, after `signal` aborted. */
  readonly stopped: Promise<void>;
}

const host = '127.0.0.1';
const port = 4222;

/**
 * Sees to it that a NATS answers on the usual port until `signal` aborts. When several `nx serve` run, one of them has the server; when that one ends,
 * another takes over, with the same keys and files.
 */
export async function keepNatsRunning(
  directory: string,
  signal: AbortSignal,
): Promise<DevelopmentNats> {
  const { users, files } = createDevelopmentCredentials(directory);
  const first = await ensure(directory, users, signal);
  return {
    url: `nats://${host}:${port}`,
    credentials: (service) => files.get(service) ?? '',
    stopped: watchOver(first, () => ensure(directory, users, signal), signal),
  };
}

/** Resolves when the server that this one stands for is gone. */
interface Running {
  readonly gone: Promise<void>;
}

async function watchOver(
  first: Running,
  again: () => Promise<Running>,
  signal: AbortSignal,
): Promise<void> {
  for (let running = first; ; running = await again()) {
    await running.gone;
    if (signal.aborted) return;
  }
}

/** Watches the server that is there, else starts one. Of several that try at once the port lets one through. */
async function ensure(
  directory: string,
  users: Parameters<typeof startNatsServer>[0]['users'],
  signal: AbortSignal,
): Promise<Running> {
  for (;;) {
    const other = await watchOther(signal);
    if (other !== undefined) return other;
    try {
      const server = await startNatsServer({ directory, host, port, users: users ?? [] });
      const stop = (): void => void server.stop();
      if (signal.aborted) stop();
      signal.addEventListener('abort', stop, { once: true });
      return { gone: server.ended };
    } catch (thrown) {
      if ((await watchOther(signal)) === undefined) throw thrown;
    }
  }
}

/** A connection that lasts as long as the other's server. */
function watchOther(signal: AbortSignal): Promise<Running | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (): void => void socket.destroy();
    socket.once('error', () => resolve(undefined));
    socket.once('data', () => {
      signal.addEventListener('abort', end, { once: true });
      const gone = new Promise<void>((done) => socket.once('close', () => done()));
      socket.on('data', (chunk) => {
        if (chunk.toString().startsWith('PING')) socket.write('PONG\r\n');
      });
      resolve({ gone });
    });
  });
}
