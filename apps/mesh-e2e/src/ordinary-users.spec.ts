// The playground of an ordinary user: in user namespaces, without root. It takes root to become somebody else: where these tests
// themselves run in user namespaces, as an ordinary user's do, there is nobody else, and the other specs show the same.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from './waiting.ts';

const repository = resolve(import.meta.dirname, '../../..');
/** All users of the machine exist here: this is no user namespace of an ordinary user. */
const isRoot = readFileSync('/proc/self/uid_map', 'utf8').trim().endsWith('4294967295');
/** Nobody else has this id, so that all its processes are of this test. */
const uid = 61_000 + (process.pid % 4000);

let home = '';

/** The playground's program as the ordinary user, who can read the checkout and has nothing but a home directory. */
function program(...args: readonly string[]): [string, string[]] {
  // These tests may be the second half of a program, which has prepared everything; the user's begins anew.
  const forget = ['PARENT', 'PREPARED', 'CLAIMED'].flatMap((it) => ['-u', `OSM_PLAYGROUND_${it}`]);
  const node = [process.execPath, 'tools/playground/run.mjs', 'main', ...args];
  const env = ['env', ...forget, '-u', 'npm_lifecycle_event', `HOME=${home}`, ...node];
  const become = ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', ...env];
  // The directories above the checkout may be closed to others.
  const script = 'mount --bind "$1" "$2"; cd "$2"; shift 2; exec "$@"';
  const open = ['sh', '-euc', script, 'sh', repository, join(home, 'checkout')];
  return ['unshare', ['--mount', ...open, ...become]];
}

function command(...args: readonly string[]) {
  const [file, words] = program(...args);
  return spawnSync(file, words, { encoding: 'utf8' });
}

/** A request from a pod: what it got, or curl's exit status. */
function ask(name: string, pod: string): string {
  const curl = ['curl', '-s', '-m', '5', 'http://server.shop/'];
  const { stdout, status } = command('exec', pod, '--name', name, '--', ...curl);
  return stdout || `status ${status}`;
}

class Up {
  readonly child: ChildProcess;
  readonly ended: Promise<unknown>;
  said = '';

  constructor(name: string) {
    const [file, words] = program('up', join(home, 'mesh'), '--name', name);
    this.child = spawn(file, words, { detached: true });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.on('data', (chunk: Buffer) => (this.said += chunk.toString()));
    this.ended = new Promise((resolveEnd) => this.child.once('close', resolveEnd));
  }

  /** Waits until all of these have been said, in any order. */
  async says(...texts: readonly string[]): Promise<void> {
    await until(`${texts.join(', ')} in: ${this.said}`, 60_000, () => {
      if (this.child.exitCode !== null) throw new Error(`ended: ${this.said}`);
      return texts.every((text) => this.said.includes(text));
    });
  }
}

/** The processes of the user's playgrounds. */
function processes(): string[] {
  return readdirSync('/proc').filter((name) => {
    try {
      return /^\d+$/.test(name) && statSync(`/proc/${name}`).uid === uid;
    } catch {
      return false;
    }
  });
}

async function nothingRuns(): Promise<void> {
  await until('all processes end', 20_000, () => processes().length === 0);
  expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(home);
}

const allReady = ['server', 'client'].map((pod) => `pod shop/${pod} is ready`);

describe.runIf(isRoot)('playgrounds of an ordinary user (needs root)', () => {
  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'osm-e2e-user-'));
    mkdirSync(join(home, 'checkout'));
    cpSync(join(import.meta.dirname, '../meshes/users'), join(home, 'mesh'), { recursive: true });
    chownSync(home, uid, uid);
  });

  afterAll(async () => {
    for (const pid of processes()) process.kill(Number(pid), 'SIGKILL');
    await nothingRuns();
    rmSync(home, { recursive: true, force: true });
  }, 30_000);

  const ups = new Map<string, Up>();
  const up = (name: string): Up => {
    const started = new Up(name);
    ups.set(name, started);
    return started;
  };

  it('run two at once with the same files, without root', async () => {
    const one = up('one');
    await one.says('as they were built there');
    const second = command('up', join(home, 'mesh'), '--name', 'one');
    expect(second.status).toBe(1);
    expect(second.stderr).toContain('runs already');
    expect(second.stdout).not.toContain('services');
    await one.says('running in user namespaces', ...allReady);
    await up('two').says(...allReady);
    for (const name of ['one', 'two']) {
      expect(ask(name, 'shop/client')).toBe('hello');
      // The server's proxy resets what is not mTLS.
      expect(ask(name, 'plain/stranger')).toBe('status 56');
    }
  }, 120_000);

  it('know their proxies by a mark, in the rules of the injected init container', () => {
    const { stdout } = command(
      'exec',
      'shop/client',
      '--name',
      'one',
      '--',
      'iptables-save',
      '-t',
      'nat',
    );
    expect(stdout).toMatch(/-A OSM_PROXY_OUTBOUND -m mark --mark 0x5dc -j RETURN/);
    expect(stdout).not.toContain('owner');
  });

  it('are listed', () => {
    const listed = JSON.parse(command('list', '-o', 'json').stdout) as unknown;
    expect(listed).toMatchObject(
      ['one', 'two'].map((name) => ({
        name,
        state: 'running',
        about: { way: expect.stringContaining('in user namespaces') as string, pods: { ready: 3 } },
      })),
    );
    const wrong = command('pods', '--name', 'No_Name');
    expect(wrong.status).toBe(2);
    expect(wrong.stderr).toContain('only lower-case letters');
  });

  it('open their services to their user on this machine', async () => {
    const url = /policy-compiler (http:\S+\d)/.exec(ups.get('one')?.said ?? '')?.[1];
    const answer = await fetch(`${url}/health/ready`);
    expect([answer.status, await answer.text()]).toEqual([200, 'Health OK']);
  });

  it('end without hurting each other', async () => {
    expect(command('down', '--name', 'one').status).toBe(0);
    await ups.get('one')?.ended;
    expect(ask('two', 'shop/client')).toBe('hello');
    expect(readdirSync(join(home, '.osm/playground'))).toEqual(['two']);
  }, 30_000);

  it('leave nothing when killed', async () => {
    ups.get('two')?.child.kill('SIGKILL');
    await ups.get('two')?.ended;
    await nothingRuns();
    expect(command('down', '--name', 'two').stdout).toContain('removed');
    expect(existsSync(join(home, '.osm/playground/two'))).toBe(false);
  }, 30_000);

  it('leave nothing when killed at whatever moment', async () => {
    for (let i = 0; i < 3; i++) {
      const started = up('three');
      const momentMs = Math.round(300 + 3000 * Math.random());
      await new Promise((resolveLater) => setTimeout(resolveLater, momentMs));
      started.child.kill('SIGKILL');
      await started.ended;
      await nothingRuns().catch((thrown: unknown) => {
        throw new Error(`killed after ${momentMs} ms`, { cause: thrown });
      });
    }
  }, 60_000);
});
