import type { ChildProcess } from 'node:child_process';
import { createServer, type Server } from 'node:net';
import { delegator } from './handover.ts';

// In a user namespace with a network of its own nobody outside can connect to this process. So the half of the program that stayed
// outside opens the ports for it, and hands the listening sockets over.

interface ListenRequest {
  readonly listen: number;
}

/** Opens ports of 127.0.0.1 for a child that asks for them, on the wanted port or any free one. */
export function listenForChild(child: ChildProcess): void {
  child.on('message', (message: Partial<ListenRequest>) => {
    if (typeof message.listen !== 'number') return;
    void listen(message.listen).then((server) => {
      // Who connects before the child has the socket is told to try again.
      server.on('connection', (socket) => socket.destroy());
      child.send({ listening: message.listen }, server, () => server.close());
    });
  });
}

/** A server on 127.0.0.1 of the machine, where its users are: opened here, or by the half of this program that is outside. */
export function listenForUsers(wantedPort: number): Promise<Server> {
  return isInside() ? askOutside(wantedPort) : listen(wantedPort);
}

/** Does this process run in a network of its own, started by a half that stayed outside? */
export function isInside(): boolean {
  return process.send !== undefined && delegator() === process.ppid;
}

function askOutside(wantedPort: number): Promise<Server> {
  return new Promise((resolve) => {
    const take = (message: unknown, handle: unknown): void => {
      if ((message as { readonly listening?: number }).listening !== wantedPort) return;
      process.off('message', take);
      resolve(handle as Server);
    };
    process.on('message', take);
    process.send?.({ listen: wantedPort } satisfies ListenRequest);
  });
}

async function listen(wantedPort: number): Promise<Server> {
  return listenOn(wantedPort).catch(() => listenOn(0));
}

function listenOn(port: number): Promise<Server> {
  const server = createServer({ allowHalfOpen: true });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve(server);
    });
  });
}
