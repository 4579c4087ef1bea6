import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { userRootScript, type FileTree, type PathFact } from './user-root.ts';

/** A file system in which directories end with a slash and links have an arrow. */
function tree(...entries: readonly string[]): FileTree {
  const facts = new Map<string, PathFact>();
  for (const entry of entries) {
    const [path = '', target] = entry.split(' -> ');
    if (target !== undefined) facts.set(path, { kind: 'link', target });
    else if (path.endsWith('/'))
      facts.set(path.slice(0, -1), {
        kind: 'directory',
        mode: path === '/tmp/' ? '1777' : '755',
      });
    else facts.set(path, { kind: 'file' });
  }
  return {
    look: (path) => facts.get(path) ?? { kind: 'nothing' },
    names: (directory) =>
      [...facts.keys()]
        .filter((path) => dirname(path) === directory)
        .map((path) => path.slice(directory === '/' ? 1 : directory.length + 1))
        .sort(),
    resolve: (path) => path.replace(/^\/lib\//, '/usr/lib/'),
  };
}

const machine = tree(
  ...[
    '/etc/',
    '/etc/hosts',
    '/etc/passwd',
    '/lib -> usr/lib',
    '/proc/',
    '/root/',
    '/tmp/',
    '/usr/',
  ],
  ...['/usr/lib/', '/var/', '/var/lib/', '/var/lib/images/', '/var/lib/dpkg/', '/start.sh'],
);

function lines(more: Partial<Parameters<typeof userRootScript>[0]> = {}, of = machine): string[] {
  const options = { mountPoints: [], targets: [], hasOverlay: true, etcFiles: ['hosts'], ...more };
  return userRootScript(options, of).split('\n');
}

describe('userRootScript', () => {
  it('makes an overlay of each directory of /, with directories to write in', () => {
    const made = lines();
    expect(made.filter((line) => line.startsWith('lay '))).toEqual([
      'lay /etc 0',
      'lay /tmp 1',
      'lay /usr 2',
      'lay /var 3',
    ]);
    expect(made).toContain('ln -s usr/lib root/lib');
    expect(made).toContain('bind /start.sh');
    expect(made).toContain('mount -t tmpfs -o mode=700 own root/root');
    expect(made).toContain('chmod 1777 up/tmp');
    expect(made.find((line) => line.startsWith('mkdir -p up/etc'))).toMatch(
      / up\/usr\/local .*up\/var\/lib /,
    );
    expect(made.join('\n')).not.toContain('proc');
  });

  it('makes the directories around what containers mount, behind links and where there is nothing', () => {
    const made = lines({ targets: ['/lib/app/data', '/data/store', '/config'] }).join('\n');
    expect(made).toMatch(/mkdir -p up.* up\/usr\/lib\/app/);
    expect(made).toMatch(/^mkdir -p root\/data root\/mnt /m);
  });

  it('takes a directory apart that has a mount point in it', () => {
    const made = lines({ mountPoints: ['/var/lib/images', '/tmp/disk'] });
    expect(made.filter((line) => line.startsWith('lay '))).toEqual([
      'lay /etc 0',
      'lay /usr 1',
      'lay /var/lib/dpkg 2',
      'lay /var/lib/images 3',
    ]);
    expect(made).toContain('mount -t tmpfs -o mode=1777 own root/tmp');
  });

  it('shows most of it read-only where there are no overlays, and has an /etc of its own', () => {
    const made = lines({ hasOverlay: false });
    expect(made.filter((line) => line.startsWith('lay '))).toEqual([]);
    expect(made.filter((line) => line.startsWith('bind /'))).toEqual([
      'bind /etc/passwd',
      'bind /start.sh',
      'bind /usr/lib',
      'bind /var/lib/dpkg',
      'bind /var/lib/images',
    ]);
    expect(made).toContain(': >root/etc/passwd');
  });

  it('quotes what the shell would read otherwise', () => {
    const made = lines({ hasOverlay: false }, tree("/it's/", '/it\'s/"$HOME"'));
    expect(made).toContain(`bind '/it'\\''s'`);
  });
});
