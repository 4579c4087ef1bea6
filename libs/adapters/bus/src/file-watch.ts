import { watch, type FSWatcher } from 'node:fs';
import { basename, dirname } from 'node:path';
import { MeshError } from '@osm/prelude';
import type { Logger } from '@osm/telemetry';

/**
 * Calls back when something may have happened to one of the files: written, replaced, or swapped with the folder it is linked from, as
 * Kubernetes does with a mounted Secret (`file -> ..data/file`, `..data -> ..2026_01_01`). Whoever is called reads and compares.
 */
export function watchFiles(
  files: readonly string[],
  onEvent: () => void,
  log: Logger,
): { readonly close: () => void } {
  const watchers: FSWatcher[] = [];
  for (const folder of new Set(files.map((file) => dirname(file)))) {
    const names = new Set(files.filter((file) => dirname(file) === folder).map((f) => basename(f)));
    const concerns = (name: string | null): boolean =>
      name === null || names.has(name) || name.startsWith('..');
    try {
      const watcher = watch(folder, { persistent: false }, (_event, name) => {
        if (concerns(name)) onEvent();
      });
      watcher.on('error', (err) =>
        log.warn('folder of credentials is not watched', { folder, err }),
      );
      watchers.push(watcher);
    } catch (thrown) {
      // What changes there takes effect with the next connection.
      log.warn('folder of credentials is not watched', { folder, err: MeshError.from(thrown) });
    }
  }
  return {
    close: () => {
      for (const watcher of watchers) watcher.close();
    },
  };
}
