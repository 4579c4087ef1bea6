import { buckets, type Bus } from '@osm/bus';
import type { Clock } from '@osm/prelude';
import type { ProxyStatus } from '@osm/proto-mesh';

/** Publishes what is to be known about the proxies of this server. */
export interface StatusReporter {
  /** Something about a proxy changed: `describe` is asked when its turn comes. Undefined = it is gone. */
  readonly changed: (uuid: string, describe: () => ProxyStatus | undefined) => void;
  /** Publishes what is left and stops. */
  readonly close: () => Promise<void>;
}

/** Status may lag behind: it is for people and slow decisions, and must not compete with delivery in a cold start. */
const paceMs = 200;
const batchMax = 100;
/** How long the end waits for the bus. */
const closeMsMax = 1000;

/** Creates a reporter; changes of one proxy within a turn become one write. */
export function createStatusReporter({
  bus,
  clock,
}: {
  readonly bus: Bus;
  readonly clock: Clock;
}): StatusReporter {
  const table = bus.own(buckets.proxyStatus);
  table.complete();
  const dirty = new Map<string, () => ProxyStatus | undefined>();
  let cancel: (() => void) | undefined;

  const publish = (max: number): void => {
    cancel = undefined;
    let count = 0;
    for (const [uuid, describe] of dirty) {
      if (count++ === max) break;
      dirty.delete(uuid);
      const status = describe();
      if (status === undefined) table.remove(uuid);
      else table.set(uuid, status);
    }
    schedule();
  };
  const schedule = (): void => {
    if (dirty.size > 0) cancel ??= clock.after(paceMs, () => publish(batchMax));
  };

  return {
    changed: (uuid, describe) => {
      dirty.set(uuid, describe);
      schedule();
    },
    close: async () => {
      cancel?.();
      publish(Infinity);
      const tooLong = new Promise<void>((resolve) => clock.after(closeMsMax, resolve));
      await Promise.race([table.flushed(), tooLong]);
      await table.close();
    },
  };
}
