import { connect } from 'node:net';
import { createDevelopmentCredentials, startNatsServer } from '@osm/bus';

export interface DevelopmentNats {
  readonly url: string;
  /** Credentials file of a service. */
  readonly credentials: (service: string) => string;
  /**
   * Resolves when no server of this process runs any more and none will: after `signal` aborted, or because somebody else ended the
   * server. Nx ends a task from its innermost processes outwards: to start another one then would never end.
   */
  readonly stopped: Promise<void>;
}

const host = '127.0.0.1';

/**
 * Sees to it that a NATS answers on a port until `signal` aborts. When several `nx serve` run, one of them has the server; when that one ends,
 * another takes over, with the same keys and files.
 */
export async function keepNatsRunning(
  directory: string,
  signal: AbortSignal,
  port = 4222,
): Promise<DevelopmentNats> {
  const { users, files } = createDevelopmentCredentials(directory);
  const again = (): Promise<Running> => ensure({ directory, host, port, users }, signal);
  const first = await again();
  return {
    url: `nats://${host}:${port}`,
    credentials: (service) => files.get(service) ?? '',
    stopped: watchOver(first, again, signal),
  };
}

interface Running {
  /** This process runs it; else another one does. */
  readonly isOwn: boolean;
  readonly gone: Promise<void>;
}

type ServerOptions = Parameters<typeof startNatsServer>[0] & { readonly port: number };

async function watchOver(
  first: Running,
  again: () => Promise<Running>,
  signal: AbortSignal,
): Promise<void> {
  for (let running = first; ; running = await again()) {
    await running.gone;
    if (signal.aborted || running.isOwn) return;
  }
}

/** Watches the server that is there, else starts one. Of several that try at once the port lets one through. */
async function ensure(options: ServerOptions, signal: AbortSignal): Promise<Running> {
  for (;;) {
    const other = await watchOther(options.port, signal);
    if (other !== undefined) return other;
    try {
      const server = await startNatsServer(options);
      const stop = (): void => void server.stop();
      if (signal.aborted) stop();
      signal.addEventListener('abort', stop, { once: true });
      return { isOwn: true, gone: server.ended };
    } catch (thrown) {
      if ((await watchOther(options.port, signal)) === undefined) throw thrown;
    }
  }
}

/** A connection that lasts as long as the other's server. */
function watchOther(port: number, signal: AbortSignal): Promise<Running | undefined> {
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
      resolve({ isOwn: false, gone });
    });
  });
}
