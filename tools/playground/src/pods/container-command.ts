import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { err, ok, type Result } from '@osm/prelude';
import { expand } from './environment.ts';
import type { Container } from './pod-spec.ts';
import { insidePath } from './sandbox.ts';
import { readOnlyFunction } from './user-root.ts';

/** Directories that stand in for images: image name -> directory, visible as /app in the containers of that image. */
export type Images = ReadonlyMap<string, string>;

/** How a container's program is started inside its pod's sandbox. */
export interface ContainerCommand {
  readonly program: string;
  readonly args: readonly string[];
}

/** A mount that one container sees: a path inside the sandbox, where it appears, and whether it can be written to. */
interface ContainerMount {
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

/** Where the directory of an image is inside a pod. */
export function imageTarget(images: Images, image: string): string | undefined {
  const index = [...images.keys()].indexOf(image);
  return index < 0 ? undefined : `images/${index}`;
}

/** The words of the container's process: command and args, or the image's entrypoint and args. */
export function containerWords(
  container: Container,
  images: Images,
  env: Readonly<Record<string, string>>,
): Result<readonly string[], string> {
  const directory = images.get(container.image);
  const entrypoint =
    container.command.length === 0 && directory !== undefined ? readEntrypoint(directory) : ok([]);
  if (entrypoint.kind === 'error') return entrypoint;
  const words = [...entrypoint.value, ...container.command, ...container.args].map((word) =>
    expand(word, env),
  );
  if (words.length > 0) return ok(words);
  return err(
    `container ${container.name} has no command: the playground has no images, so say with \`command\` what to run on this machine, ` +
      `or start with --image ${container.image || 'NAME'}=DIR`,
  );
}

function readEntrypoint(directory: string): Result<readonly string[], string> {
  const file = join(directory, 'entrypoint.json');
  if (!existsSync(file)) return ok([]);
  try {
    const words: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (Array.isArray(words) && words.every((word) => typeof word === 'string')) return ok(words);
  } catch {
    // Said below: not JSON is as wrong as another form.
  }
  return err(`${file} is not a JSON array of texts, for example ["node", "/app/server.js"]`);
}

/** Wraps words so that they run with the container's mounts, user and working directory. */
export function wrapCommand(
  container: Container,
  images: Images,
  words: readonly string[],
): ContainerCommand {
  const mounts = containerMounts(container, images);
  const workingDir = container.workingDir ?? (images.has(container.image) ? '/app' : '/');
  const inner = [...asUser(container), 'env', '-C', workingDir, ...words];
  if (mounts.length === 0) return toCommand(inner);
  const triples = mounts.flatMap((mount) => [
    mount.source,
    mount.target,
    mount.readOnly ? 'ro' : 'rw',
  ]);
  return toCommand([
    'unshare',
    '--mount',
    'sh',
    '-euc',
    mountScript,
    'mount',
    `${mounts.length}`,
    ...triples,
    ...inner,
  ]);
}

/** The words of a command that joins a running container (its mounts are there already). */
export function joinCommand(
  container: Container,
  images: Images,
  words: readonly string[],
): ContainerCommand {
  const workingDir = container.workingDir ?? (images.has(container.image) ? '/app' : '/');
  return toCommand([...asUser(container), 'env', '-C', workingDir, ...words]);
}

const mountScript = `
${readOnlyFunction}
n=$1; shift
while [ "$n" -gt 0 ]; do
  if [ -d "$1" ]; then mkdir -p "$2"; else mkdir -p "\${2%/*}"; [ -e "$2" ] || : >"$2"; fi
  mount --bind "$1" "$2"
  [ "$3" = rw ] || read_only "$2"
  shift 3; n=$((n - 1))
done
exec "$@"`;

function containerMounts(container: Container, images: Images): ContainerMount[] {
  const image = imageTarget(images, container.image);
  const own =
    image === undefined
      ? []
      : [{ source: `${insidePath}/${image}`, target: '/app', readOnly: true }];
  const volumes = container.mounts.map((mount) => ({
    source: `${insidePath}/volumes/${mount.volume}${mount.subPath === undefined ? '' : `/${mount.subPath}`}`,
    target: mount.path.length > 1 ? mount.path.replace(/\/+$/, '') : mount.path,
    readOnly: mount.readOnly,
  }));
  return [...own, ...volumes];
}

function asUser(container: Container): string[] {
  if (container.uid === undefined && container.gid === undefined) return [];
  const uid = container.uid ?? 0;
  return ['setpriv', `--reuid=${uid}`, `--regid=${container.gid ?? uid}`, '--clear-groups', '--'];
}

function toCommand(words: readonly string[]): ContainerCommand {
  const [program = 'true', ...args] = words;
  return { program, args };
}
