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
      const tell = (batch: readonly SourceEvent[], delayMs: number): void => {
        scheduler.after(
          delayMs,
          () => {
            batches.push(batch);
            wake?.();
          },
          owner,
        );
      };
      const listed = truth.names.flatMap((name) => {
        const now = truth.now(name);
        return now === undefined ? [] : [changeOf(name, now)];
      });
      const cutAt = chance.below(listed.length);
      const listMs = chance.between(0, 20);
      tell([...fixedObjects, ...listed.slice(0, cutAt)], listMs / 2);
      tell([...listed.slice(cutAt), { kind: 'listed' }], listMs);
      const listedAtMs = scheduler.now() + listMs;
      const forget = truth.onChange((name, now) =>
        tell([changeOf(name, now)], Math.max(listedAtMs - scheduler.now(), lagMs)),
      );
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
