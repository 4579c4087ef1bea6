import type { CatalogSource, SourceEvent } from '@osm/catalog-watcher/source';
import { changeOf, fixedObjects } from './model-mesh.ts';
import type { Chance } from './random.ts';
import type { Owner, Scheduler } from './scheduler.ts';
import type { Truth } from './truth.ts';

interface SourceOptions {
  readonly truth: Truth;
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly owner: Owner;
  /** How long after a change this replica hears of it. */
  readonly lagMs: number;
}

/** The truth as a replica of the catalog-watcher sees it: a list in several batches, and then each change. */
export function createTruthSource(options: SourceOptions): CatalogSource {
  const { truth, scheduler, chance, owner, lagMs } = options;
  return {
    watch: async function* ({ signal }) {
      const batches: (readonly SourceEvent[])[] = [];
      let wake: (() => void) | undefined;
      const list = (): readonly SourceEvent[] =>
        truth.names.flatMap((name) => {
          const now = truth.now(name);
          return now === undefined ? [] : [changeOf(name, now)];
        });
      const send = (batch: readonly SourceEvent[]): void => {
        batches.push(batch);
        wake?.();
      };
      let isListed = false;
      const listMs = chance.between(0, 20);
      // A part of it first: what is not listed yet does not count.
      const some = chance.below(list().length);
      scheduler.after(listMs / 2, () => send([...fixedObjects, ...list().slice(0, some)]), owner);
      const finish = (): void => {
        isListed = true;
        const gone = truth.names.filter((name) => truth.now(name) === undefined);
        const deletes = gone.map((name) => changeOf(name, undefined));
        send([...deletes, ...list(), { kind: 'listed' }]);
      };
      scheduler.after(listMs, finish, owner);
      const forget = truth.onChange((name, now) => {
        if (isListed) scheduler.after(lagMs, () => send([changeOf(name, now)]), owner);
      });
      signal.addEventListener('abort', () => wake?.());
      try {
        while (!signal.aborted) {
          const batch = batches.shift();
          if (batch !== undefined) yield batch;
          else
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
        }
      } finally {
        forget();
      }
    },
  };
}
