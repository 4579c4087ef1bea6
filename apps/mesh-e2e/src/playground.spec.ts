import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from './waiting.ts';

const program = resolve(import.meta.dirname, '../../../tools/playground/run.mjs');

const manifests = (replicas: number): string => `apiVersion: v1
kind: Namespace
metadata: {name: plain}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: plain}
spec:
  selector: {app: web}
  ports: [{name: http, port: 80, targetPort: 8000}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: plain}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          command: [node, -e, "require('http').createServer((q, s) => s.end(require('os').hostname())).listen(8000)"]
          readinessProbe: {httpGet: {path: /, port: 8000}}
`;

/** Ids of the processes whose command line has the text. */
function processesNaming(text: string): string[] {
  return readdirSync('/proc').filter((name) => {
    const file = `/proc/${name}/cmdline`;
    try {
      return /^\d+$/.test(name) && readFileSync(file, 'utf8').includes(text);
    } catch {
      return false;
    }
  });
}

/** `playground up` in a process of its own, with what it says. */
class Up {
  readonly child: ChildProcess;
  readonly ended: Promise<void>;
  #said = '';
  #tell: () => void = () => undefined;

  constructor(directory: string, stateDirectory: string) {
    this.child = spawn(process.execPath, [
      program,
      'main',
      'up',
      directory,
      '--state-dir',
      stateDirectory,
    ]);
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#said += chunk.toString();
        this.#tell();
      });
    }
    this.ended = new Promise((resolveEnd) => this.child.once('close', () => resolveEnd()));
    void this.ended.then(() => this.#tell());
  }

  /** Waits until it has said something, and forgets what it said until then. */
  async says(text: RegExp): Promise<string> {
    for (;;) {
      const match = text.exec(this.#said);
      if (match) {
        this.#said = this.#said.slice(match.index + match[0].length);
        return match[0];
      }
      if (this.child.exitCode !== null)
        throw new Error(`ended without saying ${text}: ${this.#said}`);
      await new Promise<void>((resolveNews) => (this.#tell = resolveNews));
    }
  }
}

describe('the commands of the playground', () => {
  let home = '';
  let state = '';
  let up: Up;
  let own = '';
  const file = (name: string): string => join(home, 'mesh', name);
  const command = (...args: string[]) =>
    spawnSync(
      process.execPath,
      [program, 'main', args[0] ?? '', '--state-dir', state, ...args.slice(1)],
      {
        encoding: 'utf8',
        input: 'typed',
      },
    );

  beforeEach(async () => {
    home = mkdtempSync(join(tmpdir(), 'osm-e2e-commands-'));
    state = join(home, 'state');
    mkdirSync(join(home, 'mesh'));
    writeFileSync(file('web.yaml'), manifests(1));
    up = new Up(join(home, 'mesh'), state);
    const [, a, b] = /http:\/\/(\d+)\.(\d+)\./.exec(await up.says(/Services: .*/)) ?? [];
    own = `osm-${a}-${b}`;
    await up.says(/pod plain\/web-\S+ is ready/);
  }, 60_000);

  afterEach(async () => {
    up.child.kill('SIGTERM');
    await up.ended;
    rmSync(home, { recursive: true, force: true });
  }, 30_000);

  it('run a command in a pod, with its input, output and status', () => {
    const result = command(
      'exec',
      'plain/web',
      '--',
      'sh',
      '-c',
      'cat; echo " $(hostname)"; exit 7',
    );
    expect(result.status).toBe(7);
    expect(result.stdout).toMatch(/^typed web-/);
    expect(command('exec', 'plain/web', '--', 'curl', '-s', 'http://web').stdout).toMatch(/^web-/);
    expect(command('exec', 'plain/web', '--', 'curl', '-s', 'http://nobody.plain').status).toBe(6);
  });

  it('list the pods, and say what exists when one is asked for that does not', () => {
    const pods = JSON.parse(command('pods', '-o', 'json').stdout) as {
      name: string;
      ready: boolean;
    }[];
    expect(pods).toMatchObject([{ namespace: 'plain', owner: 'web', ready: true, sidecar: false }]);
    const missing = command('logs', 'plain/none');
    expect(missing.status).toBe(1);
    expect(missing.stderr).toContain(`plain/${pods[0]?.name}`);
  });

  it('follow the files, and report a bad one by its line', async () => {
    writeFileSync(
      file('bad.yaml'),
      'apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: plain}\nspec: {containers: none}\n',
    );
    expect(await up.says(/bad\.yaml:1: .*/)).toContain(
      'Pod plain/a: spec.containers must be a list',
    );
    writeFileSync(file('web.yaml'), manifests(2));
    await up.says(/pod plain\/web-\S+ is ready/);
    writeFileSync(
      file('web.yaml'),
      manifests(2).replace('metadata: {labels', "metadata: {annotations: {a: 'b'}, labels"),
    );
    for (let i = 0; i < 2; i++) await up.says(/pod plain\/web-\S+ ends/);
    rmSync(file('web.yaml'));
    for (let i = 0; i < 2; i++) await up.says(/pod plain\/web-\S+ ends/);
  }, 30_000);

  it('leave nothing behind when the playground is killed', async () => {
    expect(spawnSync('ip', ['link', 'show', own]).status).toBe(0);
    up.child.kill('SIGKILL');
    await up.ended;
    await until('the processes end', 5000, () => processesNaming(`${state}/`).length === 0);
    await until(
      'the link is gone',
      5000,
      () => spawnSync('ip', ['link', 'show', own]).status !== 0,
    );
    expect(spawnSync('ip', ['route'], { encoding: 'utf8' }).stdout).not.toContain(own);
    expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(state);
    expect(command('down').stdout).toContain('removed');
    expect(existsSync(state)).toBe(false);
  }, 30_000);

  it('end in order, and remove the state directory', async () => {
    expect(command('down').status).toBe(0);
    await up.ended;
    expect(up.child.exitCode).toBe(0);
    expect(existsSync(state)).toBe(false);
    expect(command('pods').stderr).toContain('No playground runs here');
  }, 30_000);
});
