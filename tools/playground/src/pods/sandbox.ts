import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { sortedBy } from '@osm/prelude';
import { sayPid, startHolder, stay, type Holder } from '../network/holder.ts';

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
}

/** Files of /etc that every pod has for itself. */
export const ownEtcFiles = ['hosts', 'hostname', 'resolv.conf', 'nsswitch.conf'];

// The machine's file system with a pod's own changes on top, which vanish with it. Its arguments: directory, host name, mount points
// below / that get an overlay of their own, "--", and triples source, target, ro|rw. A link instead of a mount for files of /etc:
// they are replaced by renaming, which a bind mount of a file would not see.
const script = `
${sayPid}
cd "$1"; mount -t tmpfs -o mode=755 playground root
hostname "$2"; etc=$1/etc; shift 2
cd root; mkdir upper work root layers
mount -t overlay overlay -o lowerdir=/,upperdir=upper,workdir=work root
n=0
while [ "$1" != -- ]; do
  n=$((n + 1)); mkdir "layers/$n" "layers/$n.work"
  mount -t overlay overlay -o "lowerdir=$1,upperdir=layers/$n,workdir=layers/$n.work" "root$1" 2>/dev/null ||
    mount --rbind "$1" "root$1"
  shift
done
shift; cd root
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount --rbind /dev dev
mount -t tmpfs -o mode=1777 shm dev/shm
mount -t tmpfs -o mode=755 run run
mkdir -p .playground/etc; mount --bind -o ro "$etc" .playground/etc
for file in ${ownEtcFiles.join(' ')}; do ln -sfn "${insidePath}/etc/$file" "etc/$file"; done
while [ $# -gt 0 ]; do
  if [ -d "$1" ]; then mkdir -p ".playground/$2"; else mkdir -p ".playground/\${2%/*}"; : >".playground/$2"; fi
  mount --bind "$1" ".playground/$2"
  [ "$3" = rw ] || mount -o remount,bind,ro ".playground/$2"
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
  const mounts = options.mounts.flatMap((mount) => [
    mount.source,
    mount.target,
    mount.readOnly ? 'ro' : 'rw',
  ]);
  return startHolder(['--net', '--mount', '--uts', '--ipc'], script, [
    options.directory,
    options.hostname,
    ...fileSystemsBelowRoot(readFileSync('/proc/self/mountinfo', 'utf8')).filter(isDirectory),
    '--',
    ...mounts,
  ]);
}

const virtualTypes =
  /^(proc|sysfs|devtmpfs|devpts|cgroup2?|bpf|tracefs|debugfs|securityfs|pstore|mqueue|hugetlbfs|autofs|configfs|fusectl|binfmt_misc|efivarfs|ramfs|nsfs|rpc_pipefs)$/;
const ownPlaces = /^\/(proc|sys|dev|run)(\/|$)/;

/** Mount points with files that a program may want (a separate /home or /usr), shortest path first. */
export function fileSystemsBelowRoot(mountinfo: string): string[] {
  const points = mountinfo.split('\n').flatMap((line) => {
    const [before, after] = line.split(' - ');
    const point = before
      ?.split(' ')[4]
      ?.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
    const type = after?.split(' ')[0] ?? '';
    if (point === undefined || point === '/' || virtualTypes.test(type) || ownPlaces.test(point))
      return [];
    return [point];
  });
  return sortedBy(new Set(points), (point) => point);
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
