/** What was found out about this process and this machine; see `readFacts`. */
export interface Facts {
  readonly uid: number;
  /** A user namespace was tried: exit status of the attempt, and what it said. */
  readonly trial: { readonly status: number; readonly said: string };
  /** Settings of the kernel that can forbid it; undefined where there is no such setting. */
  readonly settings: Readonly<Record<Setting, number | undefined>>;
  readonly hasUserNamespaces: boolean;
  /** A seccomp filter is in force for this process. */
  readonly isFiltered: boolean;
  readonly sudo: 'without password' | 'with password' | 'none';
}

export type Setting =
  | 'user.max_user_namespaces'
  | 'user.max_net_namespaces'
  | 'user.max_mnt_namespaces'
  | 'kernel.unprivileged_userns_clone'
  | 'kernel.apparmor_restrict_unprivileged_userns';

/** How the playground can run here. */
export type Way =
  | { readonly kind: 'as root' }
  | { readonly kind: 'in user namespaces'; readonly uid: number }
  /** Not in user namespaces, for this reason, but sudo asks for nothing. */
  | { readonly kind: 'with sudo'; readonly reason: string }
  | { readonly kind: 'not at all'; readonly message: string };

/**
 * Chooses: root is taken as it is, everybody else gets user namespaces. Only where those are not allowed sudo is used, and only when
 * it does not ask for a password.
 */
export function chooseWay(facts: Facts): Way {
  if (facts.uid === 0) return { kind: 'as root' };
  if (facts.trial.status === 0) return { kind: 'in user namespaces', uid: facts.uid };
  const { reason, remedy } = explainRefusal(facts);
  if (facts.sudo === 'without password') return { kind: 'with sudo', reason };
  const root = facts.sudo === 'none' ? 'run it as root' : `run it with sudo: ${sudoHint}`;
  return {
    kind: 'not at all',
    message:
      `The playground needs user namespaces or root. User namespaces cannot be used here: ${reason}.\n` +
      `${remedy === undefined ? '' : `To allow them: ${remedy}\n`}` +
      `${remedy === undefined ? 'What can be done: ' : 'Or '}${root}`,
  };
}

/** One line for people: the way in which something runs. */
export function describeWay(way: Way): string {
  switch (way.kind) {
    case 'as root':
      return 'as root';
    case 'in user namespaces':
      return `in user namespaces, as uid ${way.uid}`;
    case 'with sudo':
      return `with sudo (no user namespaces: ${way.reason})`;
    case 'not at all':
      return `not possible. ${way.message}`;
  }
}

// sudo's own PATH may not have this Node.js.
const sudoHint = 'sudo env "PATH=$PATH" npm run ...';

interface Refusal {
  readonly reason: string;
  /** The command that lifts it; undefined when there is none. */
  readonly remedy: string | undefined;
}

/** Which of the things that can forbid user namespaces does, and what lifts it. */
function explainRefusal(facts: Facts): Refusal {
  const { settings, trial } = facts;
  if (!facts.hasUserNamespaces)
    return { reason: 'this kernel was built without them (CONFIG_USER_NS)', remedy: undefined };
  for (const setting of ['user.max_user_namespaces', 'user.max_net_namespaces'] as const)
    if (settings[setting] === 0) return bySetting(setting, 0, 15_000);
  if (settings['user.max_mnt_namespaces'] === 0)
    return bySetting('user.max_mnt_namespaces', 0, 15_000);
  if (settings['kernel.unprivileged_userns_clone'] === 0)
    return bySetting('kernel.unprivileged_userns_clone', 0, 1);
  if (settings['kernel.apparmor_restrict_unprivileged_userns'] === 1)
    return bySetting('kernel.apparmor_restrict_unprivileged_userns', 1, 0);
  if (/no space left on device/i.test(trial.said)) {
    return {
      reason: 'all that the machine allows are in use, or those around this one allow none',
      remedy: 'sudo sysctl -w user.max_user_namespaces=30000 user.max_net_namespaces=30000',
    };
  }
  if (facts.isFiltered) {
    return {
      reason: 'a seccomp filter forbids them, as container engines have it',
      remedy:
        'start the container with --security-opt seccomp=unconfined --security-opt apparmor=unconfined, or with --privileged',
    };
  }
  return {
    reason: trial.said.trim() || `the attempt failed with status ${trial.status}`,
    remedy: undefined,
  };
}

function bySetting(setting: Setting, now: number, wanted: number): Refusal {
  const who = setting.includes('apparmor') ? ' (AppArmor, as in Ubuntu since 24.04)' : '';
  return { reason: `${setting} is ${now}${who}`, remedy: `sudo sysctl -w ${setting}=${wanted}` };
}
