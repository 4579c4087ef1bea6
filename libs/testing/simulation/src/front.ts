import type { Listen } from '@osm/xds-server/listener';
import type { BidiStream } from '@osm/rpc';
import type { Owner } from './scheduler.ts';

/** Where an xDS server accepts proxies. */
export interface Door {
  readonly open: (stream: BidiStream<unknown>) => void;
  /** Who a request happens to. */
  readonly owner: Owner;
}

/** The doors of the xDS servers that accept proxies now, by the name of the process. */
export interface Front {
  readonly door: (server: string) => Door | undefined;
  readonly servers: () => readonly string[];
  /** How a server opens its door here. */
  readonly listen: (server: string, owner: Owner) => Listen;
  /** The process is gone, and with it its connections. */
  readonly close: (server: string) => void;
  /** Calls back when the process is gone; returns how to forget it. */
  readonly onClose: (server: string, listener: () => void) => () => void;
}

const deltaMethod = '/DeltaAggregatedResources';

/** Creates a front without servers. */
export function createFront(): Front {
  const doors = new Map<string, Door>();
  const connections = new Map<string, Set<() => void>>();
  return {
    door: (server) => doors.get(server),
    servers: () => [...doors.keys()],
    listen:
      (server, owner) =>
      ({ methods }) => {
        for (const method of methods) {
          method.register((_decode, open) => {
            // A process may have crashed in the middle of what it was doing.
            if (!method.path.endsWith(deltaMethod) || !owner.alive) return;
            doors.set(server, { open: open as Door['open'], owner });
          });
        }
        const stopAccepting = (): void => void doors.delete(server);
        const update = (): void => undefined;
        return Promise.resolve({ port: 1, update, stopAccepting, close: stopAccepting });
      },
    close: (server) => {
      doors.delete(server);
      for (const listener of [...(connections.get(server) ?? [])]) listener();
    },
    onClose: (server, listener) => {
      const set = connections.get(server) ?? new Set();
      connections.set(server, set.add(listener));
      return () => set.delete(listener);
    },
  };
}
