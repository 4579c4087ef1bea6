import { readdirSync, readFileSync, watch } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { MeshError } from '@osm/prelude';
import type { Logger } from '@osm/telemetry';

export interface RunningProcess {
  readonly id: number;
  /** Milliseconds since it started. */
  readonly ageMs: number;
}

/** The outside world of the reloader. */
export interface Processes {
  /** The processes of that name that can be seen. */
  readonly find: (name: string) => readonly RunningProcess[];
  /** Tells one to read its files again. */
  readonly reload: (id: number) => void;
}

const serverName = 'nats-server';

/** A server younger than this may have read its files and not yet listen to signals, which then end it. */
const readyMs = 2_000;

/** What fails is tried again after this, when no file changes before. */
const retryMs = 2_000;

/**
 * Looks whether the files of a NATS server have changed since the last look, and has the server read them: it does not look itself, and a
 * restart would cost what it holds. Standing beside it in its pod, this sees its process.
 *
 * @returns Takes a look, and tells after how many milliseconds to take another though no file changes; `undefined` when all is settled.
 */
export function createReloader(
  directory: string,
  { processes, log }: { readonly processes: Processes; readonly log: Logger },
): () => number | undefined {
  // The first look counts as a change: one that came while nobody looked is not missed.
  let known = '';
  return () => {
    const now = readAll(directory);
    if (now === known) return undefined;
    // Without a server all is settled: one that starts from now on reads what is there.
    const servers = processes.find(serverName);
    const youngest = Math.min(...servers.map(({ ageMs }) => ageMs));
    if (youngest < readyMs) return readyMs - youngest;
    for (const { id } of servers) processes.reload(id);
    known = now;
    log.info('the server reads its new files', { directory, servers: servers.length });
    return undefined;
  };
}

/** The contents of all files, as one text; those of a Secret being swapped count when they can be read again. */
function readAll(directory: string): string {
  const names = readdirSync(directory)
    // Beside the files of a Secret stand the folders that they are links into.
    .filter((name) => !name.startsWith('..'))
    .sort();
  return JSON.stringify(names.map((name) => [name, readFileSync(join(directory, name), 'utf8')]));
}

/** The processes of this machine, or of this pod where its containers share them. */
export function systemProcesses(root = '/proc'): Processes {
  return {
    find: (name) =>
      readdirSync(root)
        .filter((entry) => /^\d+$/.test(entry))
        .flatMap((entry) => {
          const ageMs = ageOf(root, entry, name);
          return ageMs === undefined ? [] : [{ id: Number(entry), ageMs }];
        }),
    reload: (id) => void process.kill(id, 'SIGHUP'),
  };
}

/** Of a process of that name (proc_pid_stat(5)); `undefined` of another, or of one that ended while it was looked at. */
function ageOf(root: string, id: string, name: string): number | undefined {
  let stat: string;
  try {
    stat = readFileSync(join(root, id, 'stat'), 'utf8');
  } catch {
    return undefined;
  }
  const [start, end] = [stat.indexOf('('), stat.lastIndexOf(')')];
  if (stat.slice(start + 1, end) !== name) return undefined;
  // The 22nd value is when it started, in hundredths of a second since the machine did; those after the name start with the third.
  const startedAt = Number(stat.slice(end + 2).split(' ')[22 - 3]) * 10;
  const now = Number(readFileSync(join(root, 'uptime'), 'utf8').split(' ')[0]) * 1_000;
  return now - startedAt;
}

/**
 * Takes a look at first and with every change in the folder, until the signal. What fails is said, and tried again.
 *
 * @throws MeshError When the folder cannot be watched.
 */
export async function lookAtChanges(
  directory: string,
  look: () => number | undefined,
  { log, signal }: { readonly log: Logger; readonly signal?: AbortSignal },
): Promise<void> {
  let wake = (): void => undefined;
  let failure: unknown;
  const watcher = watch(directory, () => wake());
  watcher.on('error', (thrown) => {
    failure = thrown;
    wake();
  });
  signal?.addEventListener('abort', () => wake());
  try {
    while (signal?.aborted !== true) {
      // Made before the look: what changes during it is not missed.
      const change = new Promise<void>((resolve) => (wake = resolve));
      const again = attempt(look, log);
      await (again === undefined ? change : Promise.race([change, setTimeout(again)]));
      if (failure !== undefined) throw MeshError.from(failure);
    }
  } finally {
    watcher.close();
  }
}

function attempt(look: () => number | undefined, log: Logger): number | undefined {
  try {
    return look();
  } catch (thrown) {
    log.error('cannot look after the server', { err: MeshError.from(thrown) });
    return retryMs;
  }
}
