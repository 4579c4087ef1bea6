import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { Dialer } from './dialer.ts';

/** A port of this machine that leads into a pod, as `kubectl port-forward` makes it: from inside, past the pod's sidecar. */
export interface Forward {
  readonly port: number;
  readonly close: () => Promise<void>;
}

export interface ForwardTarget {
  /** Asked for every connection: the pod may have been replaced. Undefined refuses. */
  readonly pid: () => number | undefined;
  readonly port: number;
}

/** Listens on 127.0.0.1, on the wanted port or, when that is taken, on any free one. */
export async function createForward(
  dialer: Dialer,
  wantedPort: number,
  target: ForwardTarget,
): Promise<Forward> {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    track(open, client);
    void bridge(dialer, client, target, open);
  });
  const listen = (port: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => {
        server.off('error', reject);
        resolve();
      });
    });
  await listen(wantedPort).catch(() => listen(0));
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
  dialer: Dialer,
  client: Socket,
  target: ForwardTarget,
  open: Set<Socket>,
): Promise<void> {
  const pid = target.pid();
  if (pid === undefined) return void client.destroy();
  try {
    const pod = await dialer.connect(pid, '127.0.0.1', target.port);
    track(open, pod);
    client.pipe(pod).pipe(client);
    client.once('close', () => pod.destroy());
    pod.once('close', () => client.destroy());
  } catch {
    client.destroy();
  }
}

function track(open: Set<Socket>, socket: Socket): void {
  open.add(socket);
  socket.on('error', () => socket.destroy());
  socket.once('close', () => open.delete(socket));
}
