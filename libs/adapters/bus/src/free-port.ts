import { createServer } from 'node:net';
import { MeshError } from '@osm/prelude';

/**
 * Below those that Linux gives to clients (ip_local_port_range): a client that tries a server which is away for a moment could be given
 * the server's own port, would speak with itself, and the server could not come back. Every process has a block of its own.
 */
const ports = { first: 10_000, blocks: 220, ofBlock: 100 } as const;

let taken = 0;

/**
 * A port that nobody listened on a moment ago, for a server that goes and comes again on it.
 *
 * @throws MeshError `io` when none is found.
 */
export async function freePort(host: string): Promise<number> {
  const first = ports.first + (process.pid % ports.blocks) * ports.ofBlock;
  for (let tries = 0; tries < ports.ofBlock; tries += 1) {
    const port = first + (taken++ % ports.ofBlock);
    if (await isFree(host, port)) return port;
  }
  throw new MeshError('io', `no free port on ${host}`);
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}
