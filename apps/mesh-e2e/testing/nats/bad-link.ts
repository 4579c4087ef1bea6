import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** What the link does to bytes, in each direction. */
export interface LinkTrouble {
  readonly delayMs?: number;
  readonly bytesPerSecond?: number;
}

/** A TCP relay in front of a server that delays, limits and cuts. */
export interface BadLink {
  readonly port: number;
  /** From the next chunk on; nothing = a good link. */
  readonly trouble: (now: LinkTrouble) => void;
  /** Ends all connections without a word. */
  readonly cut: () => void;
  readonly close: () => Promise<void>;
}

/** Bytes under way in one direction before the sender has to wait. */
const underWayMax = 1 << 20;

export async function createBadLink(host: string, serverPort: number): Promise<BadLink> {
  let trouble: LinkTrouble = {};
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect({ host, port: serverPort });
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true);
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    relay(client, upstream, () => trouble);
    relay(upstream, client, () => trouble);
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const cut = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    trouble: (now) => {
      trouble = now;
    },
    cut,
    close: () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      cut();
      return closed;
    },
  };
}

function relay(from: Socket, to: Socket, trouble: () => LinkTrouble): void {
  let free = 0;
  let underWay = 0;
  from.on('data', (chunk) => {
    const { delayMs = 0, bytesPerSecond = Infinity } = trouble();
    const now = performance.now();
    free = Math.max(free, now) + (chunk.length / bytesPerSecond) * 1000;
    underWay += chunk.length;
    if (underWay > underWayMax) from.pause();
    const deliver = (): void => {
      underWay -= chunk.length;
      if (underWay <= underWayMax) from.resume();
      if (!to.destroyed) to.write(chunk);
    };
    if (free + delayMs <= now) deliver();
    else setTimeout(deliver, free + delayMs - now);
  });
}
