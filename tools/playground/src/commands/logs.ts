import { closeSync, existsSync, fstatSync, openSync, readSync, statSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { ask } from '../control/control-client.ts';
import { parseCommandLine, placeHelp, placeOptions, type Command } from './command.ts';
import { placeOf } from './place.ts';

export const logsCommand: Command = {
  name: 'logs',
  usage: 'NAMESPACE/POD [-c CONTAINER] [-f]',
  summary: "print a container's output",
  help: `  -c, --container NAME  which container, for example envoy (default: the first that is not the sidecar)
  -f, --follow          go on with what comes
${placeHelp}
A Deployment's name stands for one of its pods. osm-system/xds-server and so on are the mesh's own services.`,
  async run(args) {
    const options = {
      ...placeOptions,
      container: { type: 'string', short: 'c' },
      follow: { type: 'boolean', short: 'f' },
    } as const;
    const parsed = parseCommandLine(args, options, { min: 1, max: 1, what: 'NAMESPACE/POD' });
    const container = parsed.text('container');
    const { files } = await ask<{ readonly files: readonly string[] }>(placeOf(parsed), '/logs', [
      ['pod', parsed.positionals[0] ?? ''],
      ...(container === undefined ? [] : [['container', container] as const]),
    ]);
    let end = 0;
    for (const file of files) end = copy(file, 0);
    const last = files[files.length - 1];
    if (parsed.flag('follow') && last !== undefined) await follow(last, end);
    return 0;
  },
};

/** Writes a file from an offset to the standard output; returns where it ended. */
function copy(file: string, offset: number): number {
  const fd = openSync(file, 'r');
  const buffer = Buffer.alloc(65_536);
  let at = offset;
  try {
    for (;;) {
      const length = readSync(fd, buffer, 0, buffer.length, at);
      if (length === 0) return at;
      process.stdout.write(Buffer.from(buffer.subarray(0, length)));
      at += length;
    }
  } finally {
    closeSync(fd);
  }
}

/** Goes on until the file's directory is gone: the pod has ended. */
function follow(file: string, offset: number): Promise<void> {
  let at = offset;
  let inode = statSync(file).ino;
  return new Promise((resolve) => {
    const watcher = watch(dirname(file), (_event, name) => {
      if (!existsSync(file)) {
        // Rotation replaces the file at once; a pod's end removes its directory.
        if (existsSync(dirname(file))) return;
        watcher.close();
        return resolve();
      }
      if (name !== null && name !== basename(file)) return;
      const fd = openSync(file, 'r');
      const now = fstatSync(fd).ino;
      closeSync(fd);
      if (now !== inode) {
        inode = now;
        at = 0;
      }
      at = copy(file, at);
    });
    watcher.once('error', () => resolve());
  });
}
