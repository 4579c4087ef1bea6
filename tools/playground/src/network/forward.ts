import type { AddressInfo, Socket } from 'node:net';
import { listenForUsers } from '../privilege/outside.ts';

/** A port of this machine that leads somewhere else, as `kubectl port-forward` makes it for pods: from inside, past the sidecar. */
export interface Forward {
  readonly port: number;
  readonly close: () => Promise<void>;
}

/** Listens on 127.0.0.1, on the wanted port or, when that is taken, on any free one; `connect` is asked for every connection. */
export async function createForward(
  wantedPort: number,
  connect: () => Promise<Socket>,
): Promise<Forward> {
  const open = new Set<Socket>();
  const server = await listenForUsers(wantedPort);
  server.on('connection', (client) => {
    client.allowHalfOpen = true;
    track(open, client);
    void bridge(connect, client, open);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}

async function bridge(
  connect: () => Promise<Socket>,
  client: Socket,
  open: Set<Socket>,
): Promise<void> {
  try {
    const target = await connect();
    track(open, target);
    client.pipe(target).pipe(client);
    client.once('close', () => target.destroy());
    target.once('close', () => client.destroy());
  } catch {
    client.destroy();
  }
}

function track(open: Set<Socket>, socket: Socket): void {
  open.add(socket);
  socket.on('error', () => socket.destroy());
  socket.once('close', () => open.delete(socket));
}
