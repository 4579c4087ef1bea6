import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { chooseWay, describeWay, type Facts } from './way.ts';

const refused = {
  status: 1,
  said: 'unshare: write failed /proc/self/uid_map: Operation not permitted',
};

function facts(more: Partial<Facts> = {}, settings: Partial<Facts['settings']> = {}): Facts {
  return {
    uid: 1000,
    trial: refused,
    hasUserNamespaces: true,
    isFiltered: false,
    sudo: 'none',
    ...more,
    settings: {
      'user.max_user_namespaces': 10_000,
      'user.max_net_namespaces': 10_000,
      'user.max_mnt_namespaces': 10_000,
      'kernel.unprivileged_userns_clone': undefined,
      'kernel.apparmor_restrict_unprivileged_userns': undefined,
      ...settings,
    },
  };
}

function message(more: Facts): string {
  const way = chooseWay(more);
  return way.kind === 'not at all' ? way.message : `possible: ${way.kind}`;
}

describe('the way in which the playground runs', () => {
  it('is root for root, and user namespaces for everybody else, without sudo', () => {
    expect(describeWay(chooseWay(facts({ uid: 0 })))).toBe('as root');
    const ordinary = facts({ trial: { status: 0, said: '' }, sudo: 'without password' });
    expect(describeWay(chooseWay(ordinary))).toBe('in user namespaces, as uid 1000');
  });

  it('is sudo where user namespaces are not allowed and sudo asks for nothing', () => {
    const way = chooseWay(facts({ sudo: 'without password' }, { 'user.max_user_namespaces': 0 }));
    expect(way).toEqual({ kind: 'with sudo', reason: 'user.max_user_namespaces is 0' });
  });

  it('says where it cannot run what forbids it, what lifts that, and how to do without', () => {
    expect(message(facts({ sudo: 'with password' }, { 'user.max_user_namespaces': 0 }))).toBe(
      'The playground needs user namespaces or root. User namespaces cannot be used here: user.max_user_namespaces is 0.\n' +
        'To allow them: sudo sysctl -w user.max_user_namespaces=15000\n' +
        'Or run it with sudo: sudo env "PATH=$PATH" npm run ...',
    );
  });

  it.each([
    ['Debian', facts({}, { 'kernel.unprivileged_userns_clone': 0 }), 'clone is 0', 'clone=1'],
    [
      'Ubuntu',
      facts({}, { 'kernel.apparmor_restrict_unprivileged_userns': 1 }),
      'kernel.apparmor_restrict_unprivileged_userns is 1 (AppArmor',
      'sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0',
    ],
    ['no networks', facts({}, { 'user.max_net_namespaces': 0 }), 'net_namespaces is 0', '=15000'],
    ['no mounts', facts({}, { 'user.max_mnt_namespaces': 0 }), 'mnt_namespaces is 0', '=15000'],
    ['a container', facts({ isFiltered: true }), 'a seccomp filter', 'seccomp=unconfined'],
    ['an old kernel', facts({ hasUserNamespaces: false }), 'CONFIG_USER_NS', 'run it as root'],
    [
      'a full machine',
      facts({ trial: { status: 1, said: 'unshare: unshare failed: No space left on device' } }),
      'in use',
      'sysctl -w user.max_user_namespaces=30000',
    ],
    ['something else', facts(), 'write failed /proc/self/uid_map', 'run it as root'],
  ])('tells %s', (_, given, reason, remedy) => {
    expect(message(given)).toContain(reason);
    expect(message(given)).toContain(remedy);
  });

  const isAllowed = spawnSync('unshare', ['--user', 'true']).status === 0;
  it.runIf(isAllowed)(
    'names the setting that this very kernel was given (needs user namespaces)',
    () => {
      // The limit counts per user namespace: it can be set, by who is root in one, for all within.
      const program = `import { readFacts } from ${JSON.stringify(`${import.meta.dirname}/facts.ts`)};
      console.log(JSON.stringify(readFacts()));`;
      const script = 'echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"';
      const inside = ['--user', '--map-user=1000', '--keep-caps', 'sh', '-euc', script, 'sh'];
      const tsx = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', program];
      const result = spawnSync('unshare', [...inside, ...tsx], { encoding: 'utf8' });
      const found = JSON.parse(result.stdout) as Facts;
      expect(found).toMatchObject({ uid: 1000, settings: { 'user.max_user_namespaces': 0 } });
      expect(found.trial.said).toContain('No space left on device');
      expect(message({ ...found, sudo: 'none' })).toContain(
        'user.max_user_namespaces is 0.\nTo allow them: sudo sysctl -w user.max_user_namespaces=15000',
      );
    },
  );
});
