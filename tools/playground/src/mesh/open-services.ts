import { connect, type Socket } from 'node:net';
import { createForward, type Forward } from '../network/forward.ts';
import type { Playground } from '../playground.ts';
import { isInside } from '../privilege/outside.ts';

export interface OpenedService {
  readonly name: string;
  /** Where people find it from this machine. */
  readonly url: string;
}

export interface OpenedServices {
  readonly services: readonly OpenedService[];
  readonly forwards: readonly Forward[];
}

/**
 * The mesh's own services and NATS as they can be reached from this machine: at their own addresses, or at ports of 127.0.0.1 when the
 * playground has a network of its own.
 */
export async function openServices(playground: Playground): Promise<OpenedServices> {
  const { services } = playground;
  if (services === undefined) return { services: [], forwards: [] };
  const own = [
    ...services.instances.map(({ name, http }) => ({ name, url: http })),
    { name: 'NATS', url: services.natsUrl },
  ];
  if (!isInside()) return { services: own, forwards: [] };
  const opened: OpenedService[] = [];
  const forwards: Forward[] = [];
  for (const { name, url } of own) {
    const { protocol, hostname, port } = new URL(url);
    const forward = await createForward(Number(port), () => connectTo(hostname, Number(port)));
    forwards.push(forward);
    opened.push({ name, url: `${protocol}//127.0.0.1:${forward.port}` });
  }
  return { services: opened, forwards };
}

function connectTo(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, allowHalfOpen: true });
    socket.once('connect', () => resolve(socket));
    socket.once('error', reject);
  });
}
