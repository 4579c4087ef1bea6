import { closeSync, constants, openSync } from 'node:fs';

/**
 * A path for a unix socket in a directory, short whatever the directory's own length: the kernel allows 107 bytes. It goes through an
 * open descriptor of the directory; release it when connected or listening.
 */
export function shortSocketPath(
  directory: string,
  name: string,
): { readonly path: string; readonly release: () => void } {
  const fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  return { path: `/proc/self/fd/${fd}/${name}`, release: () => closeSync(fd) };
}
