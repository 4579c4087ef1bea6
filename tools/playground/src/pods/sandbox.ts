import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { sortedBy } from '@osm/prelude';
import { sayPid, startHolder, stay, type Holder } from '../network/holder.ts';
import type { Isolation } from '../process/isolation.ts';
import { readOnlyFunction, userRootScript } from './user-root.ts';

/** Where the playground's own things are inside a pod. */
export const insidePath = '/.playground';

/** A directory or file of the machine that is visible in a pod, at `insidePath` plus `target`. */
export interface SandboxMount {
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

export interface SandboxOptions {
  /** The pod's own directory; `etc` in it holds the files that stand in for those of /etc. */
  readonly directory: string;
  readonly hostname: string;
  readonly mounts: readonly SandboxMount[];
  /** Paths in the pod at which its containers mount something. */
  readonly targets: readonly string[];
  readonly isolation: Isolation;
  /** A process whose network namespace it shares, instead of one of its own. */
  readonly networkOf?: number;
}

/** Files of /etc that every pod has for itself. */
const ownEtcFiles = ['hosts', 'hostname', 'resolv.conf', 'nsswitch.conf'];

// The machine's file system with a pod's own changes on top, which vanish with it. Its arguments: directory, host name, mount points
// below / that get an overlay of their own, "--", and triples source, target, ro|rw.
const begin = `
${sayPid}
${readOnlyFunction}
cd "$1"; mount -t tmpfs -o mode=755 playground root
hostname "$2"; etc=$1/etc; shift 2
cd root`;

const rootOfRoot = `
mkdir upper work root layers
mount -t overlay overlay -o lowerdir=/,upperdir=upper,workdir=work root
n=0
while [ "$1" != -- ]; do
  n=$((n + 1)); mkdir "layers/$n" "layers/$n.work"
  mount -t overlay overlay -o "lowerdir=$1,upperdir=layers/$n,workdir=layers/$n.work" "root$1" 2>/dev/null ||
    mount --rbind "$1" "root$1"
  shift
done`;

// A link instead of a mount for files of /etc: they are replaced by renaming, which a bind mount of a file would not see. Where parts
// of the machine's /proc are hidden, for example in a container, the kernel allows no new one.
const end = `
shift; cd root
mkdir -p proc sys dev run
mount -t proc proc proc 2>/dev/null || mount --rbind /proc proc
mount -t sysfs -o ro sysfs sys 2>/dev/null || mount --rbind /sys sys
mount --rbind /dev dev
mount -t tmpfs -o mode=1777 shm dev/shm
mount -t tmpfs -o mode=755 run run
mkdir -p .playground/etc; mount --bind "$etc" .playground/etc; read_only .playground/etc
for file in ${ownEtcFiles.join(' ')}; do ln -sfn "${insidePath}/etc/$file" "etc/$file"; done
while [ $# -gt 0 ]; do
  if [ -d "$1" ]; then mkdir -p ".playground/$2"; else mkdir -p ".playground/\${2%/*}"; : >".playground/$2"; fi
  mount --bind "$1" ".playground/$2"
  [ "$3" = rw ] || read_only ".playground/$2"
  shift 3
done
if [ -e .playground/bin/osm-healthcheck ]; then ln -sfn ${insidePath}/bin/osm-healthcheck osm-healthcheck; fi
pivot_root . .
umount -l .
cd /
${stay}`;

/** Namespaces of a pod: network (still without a link), mounts with a private root, processes, host name, IPC. */
export function startSandbox(options: SandboxOptions): Promise<Holder> {
  mkdirSync(join(options.directory, 'root'), { recursive: true });
  const { isolation, targets } = options;
  const triples = options.mounts.flatMap((mount) => [
    mount.source,
    mount.target,
    mount.readOnly ? 'ro' : 'rw',
  ]);
  const mountinfo = readFileSync('/proc/self/mountinfo', 'utf8');
  const mountPoints = mountPointsBelowRoot(mountinfo);
  const { hasOverlay } = isolation;
  const root = isolation.isOneUser
    ? `\n${userRootScript({ mountPoints, targets, hasOverlay, etcFiles: ownEtcFiles })}`
    : rootOfRoot;
  const args = [
    options.directory,
    options.hostname,
    ...(isolation.isOneUser ? [] : fileSystemsBelowRoot(mountinfo).filter(isDirectory)),
    '--',
    ...triples,
  ];
  const { networkOf } = options;
  const flags = [...(networkOf === undefined ? ['--net'] : []), '--mount', '--uts', '--ipc'];
  return startHolder(flags, begin + root + end, args, networkOf);
}

const virtualTypes =
  /^(proc|sysfs|devtmpfs|devpts|cgroup2?|bpf|tracefs|debugfs|securityfs|pstore|mqueue|hugetlbfs|autofs|configfs|fusectl|binfmt_misc|efivarfs|ramfs|nsfs|rpc_pipefs)$/;
const ownPlaces = /^\/(proc|sys|dev|run)(\/|$)/;

/** Mount points with files that a program may want (a separate /home or /usr), shortest path first. */
export function fileSystemsBelowRoot(mountinfo: string): string[] {
  const own = mounts(mountinfo).filter(
    ({ point, type }) => !virtualTypes.test(type) && !ownPlaces.test(point),
  );
  return sortedBy(new Set(own.map(({ point }) => point)), (point) => point);
}

/** All mount points below the root, shortest path first. */
function mountPointsBelowRoot(mountinfo: string): string[] {
  return sortedBy(new Set(mounts(mountinfo).map(({ point }) => point)), (point) => point);
}

function mounts(mountinfo: string): { readonly point: string; readonly type: string }[] {
  return mountinfo.split('\n').flatMap((line) => {
    const [before, after] = line.split(' - ');
    const point = before
      ?.split(' ')[4]
      ?.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
    const type = after?.split(' ')[0] ?? '';
    return point === undefined || point === '/' ? [] : [{ point, type }];
  });
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
