import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { MeshError } from '@osm/prelude';
import type { Logger } from '@osm/telemetry';

/** The outside world of the reloader. */
export interface Processes {
  /** Ids of the processes of that name that can be seen. */
  readonly find: (name: string) => readonly number[];
  /** Tells one to read its files again. */
  readonly reload: (id: number) => void;
}

const serverName = 'nats-server';

/**
 * Looks whether the files of a NATS server have changed since the last look, and has the server read them: it does not look itself, and a
 * restart would cost what it holds. Standing beside it in its pod, this sees its process.
 *
 * @returns Takes a look.
 */
export function createReloader(
  directory: string,
  { processes, log }: { readonly processes: Processes; readonly log: Logger },
): () => void {
  // The first look counts as a change: one that came while nobody looked is not missed.
  let known = '';
  return () => {
    const now = readAll(directory);
    if (now === known) return;
    const ids = processes.find(serverName);
    if (ids.length === 0) {
      // It is about to start, and will read what is there then; until it is seen nothing is settled.
      log.warn('files have changed, and no server is to be seen', { process: serverName });
      return;
    }
    for (const id of ids) processes.reload(id);
    known = now;
    log.info('the server reads its new files', { directory });
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
        .filter((entry) => /^\d+$/.test(entry) && commandOf(root, entry) === name)
        .map(Number),
    reload: (id) => void process.kill(id, 'SIGHUP'),
  };
}

function commandOf(root: string, id: string): string | undefined {
  try {
    return readFileSync(join(root, id, 'comm'), 'utf8').trim();
  } catch {
    // It ended while it was looked at.
    return undefined;
  }
}

const lookMs = 2_000;

/** Takes a look again and again, for ever; what fails is said, and tried at the next. */
export async function lookForever(look: () => void, log: Logger): Promise<never> {
  for (;;) {
    // Before the first look too: a server that starts this moment would be ended by the signal.
    await setTimeout(lookMs);
    try {
      look();
    } catch (thrown) {
      log.error('cannot look after the server', { err: MeshError.from(thrown) });
    }
  }
}
