import { readFileSync } from 'node:fs';
import { normalize } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '@osm/prelude';
import {
  createManifestLayers,
  diagnostic,
  noManifests,
  parseManifests,
  type LayerDelta,
  type ManifestLayers,
} from '@osm/resources';
import type { CatalogSource, SourceEvent } from '../source.ts';
import { createAlarm } from './alarm.ts';
import { createDirectoryTree, type DirectoryTree, type FileNews } from './directory-tree.ts';

export interface DirectorySourceOptions {
  /** Lowest layer first: an object in a later directory replaces the same object of an earlier one. */
  readonly directories: readonly string[];
  readonly clock: Pick<Clock, 'after'>;
  /** Notices in one turn of the event loop that count as lost ones; default half of the kernel's queue. */
  readonly noticesMax?: number;
}

/** Between two looks at the event loop: some 10 ms of reading and parsing. */
const pathsPerTurn = 64;
/** A batch ends here even while there is more, so that a storm of changes does not hold back those that are read. */
const turnsPerBatch = 16;

/**
 * Manifests in directories, flat or nested, as a source. Changes come from the kernel's notices; there is no polling and no waiting for
 * more changes: all that is known when a turn of the event loop ends is one batch.
 */
export function createDirectorySource(options: DirectorySourceOptions): CatalogSource {
  return { watch: ({ signal }) => follow(options, signal) };
}

async function* follow(
  options: DirectorySourceOptions,
  signal: AbortSignal,
): AsyncGenerator<readonly SourceEvent[]> {
  const alarm = createAlarm();
  const layers = createManifestLayers();
  const tree = createDirectoryTree({
    roots: [...new Set(options.directories.map(withoutEnd))],
    clock: options.clock,
    noticesMax: options.noticesMax ?? kernelQueue() / 2,
    onDirty: alarm.ring,
  });
  signal.addEventListener('abort', alarm.ring);
  try {
    for (let listed = false; !signal.aborted;) {
      const settled = await readDirty(tree, layers, listed ? turnsPerBatch : Infinity);
      const events = toEvents(layers.drain());
      if (!listed) events.push({ kind: 'listed' });
      listed = true;
      if (events.length > 0) yield events;
      if (settled) await alarm.rung();
      // Notices of the same turn belong together.
      await nextTurn();
    }
  } finally {
    signal.removeEventListener('abort', alarm.ring);
    tree.close();
  }
}

/** Answers whether everything has been read. */
async function readDirty(
  tree: DirectoryTree,
  layers: ManifestLayers,
  turnsMax: number,
): Promise<boolean> {
  for (let turn = 0; turn < turnsMax && !tree.settled(); turn++) {
    if (turn > 0) await nextTurn();
    for (const news of tree.step(pathsPerTurn)) applyNews(layers, news);
  }
  return tree.settled();
}

function applyNews(layers: ManifestLayers, news: FileNews): void {
  switch (news.kind) {
    case 'gone':
      return layers.remove(news.file);
    case 'text': {
      const previous = layers.previous(news.file);
      const options = { file: news.file, ...(previous === undefined ? {} : { previous }) };
      return layers.put(news, parseManifests(news.text, options));
    }
    case 'unreadable': {
      const ref = { kind: '', namespace: '', name: '', file: news.file, line: 0 };
      const message = `${news.file}: cannot be read (${news.reason})`;
      const diagnostics = [diagnostic('unreadable_file', ref, message)];
      return layers.put(news, { ...noManifests, complete: false, diagnostics });
    }
  }
}

function toEvents({ changes, diagnostics }: LayerDelta): SourceEvent[] {
  return [
    ...changes,
    ...[...diagnostics].map(([owner, list]) => ({
      kind: 'diagnostics' as const,
      owner,
      diagnostics: list,
    })),
  ];
}

function withoutEnd(directory: string): string {
  const path = normalize(directory);
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

function kernelQueue(): number {
  try {
    return Number(readFileSync('/proc/sys/fs/inotify/max_queued_events', 'utf8'));
  } catch {
    return 16_384;
  }
}
