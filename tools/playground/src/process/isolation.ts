import { run } from './run.ts';
import { mapsUser, readUserMap } from './user-map.ts';

/** What the kernel lets this process do for its pods, which depends on the user namespace in which it runs. */
export interface Isolation {
  /** Only one user exists here: containers cannot run as different ones. */
  readonly isOneUser: boolean;
  /** Overlays can be mounted. */
  readonly hasOverlay: boolean;
}

/** Finds out how pods can be made: with all users of the machine as root, or in the user namespace of an ordinary user. */
export async function probeIsolation(proxyUid: number): Promise<Isolation> {
  if (mapsUser(readUserMap(), proxyUid)) return { isOneUser: false, hasOverlay: true };
  const script = [
    'mount -t tmpfs probe /tmp; cd /tmp; mkdir up work root',
    'mount -t overlay overlay -o lowerdir=/etc,upperdir=up,workdir=work,userxattr root',
  ].join('\n');
  const { status } = await run('unshare', ['--mount', 'sh', '-euc', script]);
  return { isOneUser: true, hasOverlay: status === 0 };
}
