import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import type { Facts, Setting } from './way.ts';

/** What a pod needs: namespaces with a user who may set links and mounts in them. */
const trialScript = 'ip link set lo up; mount -t tmpfs probe /tmp';

/** Finds out what `chooseWay` has to know. As root nothing is tried. */
export function readFacts(): Facts {
  const uid = process.getuid?.() ?? 0;
  const trial = uid === 0 ? { status: 0, said: '' } : tryUserNamespace();
  return {
    uid,
    trial,
    settings: {
      'user.max_user_namespaces': setting('user.max_user_namespaces'),
      'user.max_net_namespaces': setting('user.max_net_namespaces'),
      'user.max_mnt_namespaces': setting('user.max_mnt_namespaces'),
      'kernel.unprivileged_userns_clone': setting('kernel.unprivileged_userns_clone'),
      'kernel.apparmor_restrict_unprivileged_userns': setting(
        'kernel.apparmor_restrict_unprivileged_userns',
      ),
    },
    hasUserNamespaces: existsSync('/proc/self/ns/user'),
    isFiltered: /^Seccomp:\s*2$/m.test(read('/proc/self/status')),
    sudo: trial.status === 0 ? 'none' : findSudo(),
  };
}

function tryUserNamespace(): Facts['trial'] {
  const flags = ['--user', '--map-root-user', '--net', '--mount'];
  const { status, stderr, error } = spawnSync('unshare', [...flags, 'sh', '-euc', trialScript], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
  return { status: status ?? 1, said: error?.message ?? stderr };
}

function findSudo(): Facts['sudo'] {
  const silent = spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' });
  if (silent.error !== undefined) return 'none';
  return silent.status === 0 ? 'without password' : 'with password';
}

function setting(name: Setting): number | undefined {
  const text = read(`/proc/sys/${name.replaceAll('.', '/')}`).trim();
  return /^\d+$/.test(text) ? Number(text) : undefined;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
