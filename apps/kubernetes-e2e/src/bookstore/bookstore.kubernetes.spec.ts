import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '@osm/services';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kubectl, kubectlCommand, tryKubectl } from '../harness/kubectl.ts';
import { meshNamespace, withoutMesh } from '../harness/mesh.ts';
import { osmProgram } from '../harness/osm.ts';
import { hasSidecar, isReady, podsOf } from '../harness/pods.ts';
import { mustRun } from '../harness/run.ts';
import { sleep, until } from '../harness/waiting.ts';
import { commandsOf } from './walkthrough.ts';

// The README's section Kubernetes, word by word: each command is run as it stands there, and then what the text promises must hold.

const commands = commandsOf(readFileSync(join(repositoryRoot, 'README.md'), 'utf8'), 'Kubernetes');
const namespaces = ['bookbuyer', 'bookthief', 'bookstore', 'bookwarehouse'];
const minutesMax = 5;
const limitMs = 30_000;

interface Counters {
  readonly bought: Readonly<Record<string, number>>;
  readonly refused: number;
}

interface Warehouse {
  readonly restocked: number;
  readonly stored: number;
}

async function counters<T = Counters>(name: string): Promise<T> {
  const look = ['exec', '-n', name, `deploy/${name}`, '--', 'node', 'counters.mjs'];
  return JSON.parse(await kubectl(...look)) as T;
}

const total = ({ bought }: Counters): number => Object.values(bought).reduce((a, b) => a + b, 0);

/** It gets books from now on, from these stores and no others. */
async function buys(who: string, stores?: readonly string[]): Promise<void> {
  await until(`${who} buys books${stores ? ` of ${stores.join(', ')}` : ''}`, limitMs, async () => {
    const before = await counters(who);
    await sleep(1500);
    const after = await counters(who);
    const gains = Object.entries(after.bought).filter(
      ([store, count]) => count > (before.bought[store] ?? 0),
    );
    const from = gains.map(([store]) => store).sort();
    const isWanted = stores === undefined ? from.length > 0 : String(from) === String(stores);
    return isWanted && after.refused === before.refused ? undefined : JSON.stringify(after);
  });
}

/** It tries from now on, and gets nothing. */
async function getsNothing(who: string): Promise<void> {
  await until(`${who} gets no books`, limitMs, async () => {
    const before = await counters(who);
    await sleep(1500);
    const after = await counters(who);
    const isRefused = total(after) === total(before) && after.refused > before.refused;
    return isRefused ? undefined : JSON.stringify(after);
  });
}

async function allHaveSidecars(): Promise<void> {
  for (const namespace of namespaces) {
    await until(`pods of ${namespace} are ready`, 90_000, async () => {
      const pods = await podsOf(namespace);
      const waiting = pods.filter((pod) => !isReady(pod)).map(({ metadata }) => metadata.name);
      return pods.length > 0 && waiting.length === 0 ? undefined : `not yet: ${waiting.join(', ')}`;
    });
    const bare = (await podsOf(namespace)).filter((pod) => !hasSidecar(pod));
    expect(bare.map(({ metadata }) => metadata.name)).toEqual([]);
  }
}

async function restocks(): Promise<void> {
  const before = await counters<Warehouse>('bookwarehouse');
  await until('the warehouse restocks, and stores in its database', limitMs, async () => {
    const after = await counters<Warehouse>('bookwarehouse');
    const isGrowing = after.restocked > before.restocked && after.stored > before.stored;
    return isGrowing ? undefined : JSON.stringify(after);
  });
}

const policy = 'kubectl apply -f deploy/bookstore/policy';

/** What holds after a command: the first whose beginning fits. */
const promises: readonly (readonly [string, (output: string) => Promise<void>])[] = [
  [
    'osm install',
    async (output) => {
      expect(output).toContain('OSM installed successfully');
      const pods = await podsOf(meshNamespace);
      expect(pods.filter((pod) => !isReady(pod))).toEqual([]);
      expect(pods.map(({ metadata }) => metadata.labels?.['app'])).toEqual(
        expect.arrayContaining(['osm-controller', 'osm-injector', 'osm-nats']),
      );
    },
  ],
  ['kubectl create namespace', async (output) => expect(output).toContain('created')],
  [
    'osm namespace add',
    async (output) => {
      for (const name of namespaces)
        expect(output).toContain(`Namespace [${name}] successfully added to mesh [osm]`);
    },
  ],
  ['kubectl apply -f deploy/bookstore/apps', allHaveSidecars],
  ['kubectl rollout status', async (output) => expect(output).toContain('successfully rolled out')],
  ['kubectl exec -n bookbuyer', () => buys('bookbuyer')],
  ['kubectl exec -n bookthief', () => buys('bookthief')],
  [
    'kubectl patch meshconfig',
    async () => {
      await getsNothing('bookbuyer');
      await getsNothing('bookthief');
    },
  ],
  [
    `${policy}/access.yaml`,
    async () => {
      await buys('bookbuyer');
      await restocks();
      await getsNothing('bookthief');
    },
  ],
  [`${policy}/thief.yaml`, () => buys('bookthief')],
  ['kubectl delete -f deploy/bookstore/policy/thief.yaml', () => getsNothing('bookthief')],
  [`${policy}/split-v1.yaml`, () => buys('bookbuyer', ['bookstore-v1'])],
  [`${policy}/split-half.yaml`, () => buys('bookbuyer', ['bookstore-v1', 'bookstore-v2'])],
  [`${policy}/split-v2.yaml`, () => buys('bookbuyer', ['bookstore-v2'])],
  ['kubectl delete namespace', async (output) => expect(output).toContain('deleted')],
  [
    'osm uninstall mesh',
    async () => {
      await until(`the namespace ${meshNamespace} is gone`, limitMs, async () => {
        const { errors } = await tryKubectl('get', 'namespace', meshNamespace);
        return errors.includes('NotFound') ? undefined : errors || 'still there';
      });
      expect(await kubectl('get', 'customresourcedefinitions', '-o', 'name')).not.toMatch(
        /openservicemesh|smi-spec/,
      );
    },
  ],
];

describe("the bookstore, by the README's own words", () => {
  const bin = mkdtempSync(join(tmpdir(), 'osm-readme-'));
  const environment = { ...process.env, PATH: `${bin}:${process.env['PATH'] ?? ''}` };
  let beginMs = 0;

  beforeAll(async () => {
    await withoutMesh();
    for (const [name, command] of [
      ['osm', [process.execPath, osmProgram]],
      ['kubectl', kubectlCommand],
    ] as const) {
      const words = command.map((word) => `'${word}'`).join(' ');
      writeFileSync(join(bin, name), `#!/bin/sh\nexec ${words} "$@"\n`);
      chmodSync(join(bin, name), 0o755);
    }
    beginMs = performance.now();
  });

  afterAll(async () => {
    rmSync(bin, { recursive: true, force: true });
    await kubectl('delete', 'namespace', '--ignore-not-found', ...namespaces);
    await withoutMesh();
  });

  it.each(commands)('%s', async (command) => {
    const promise = promises.find(([beginning]) => command.startsWith(beginning))?.[1];
    if (promise === undefined) throw new Error('nothing is known of what this command promises');
    const said = await mustRun(['bash', '-c', command], { cwd: repositoryRoot, env: environment });
    await promise(said);
    if (!command.startsWith(`${policy}/split-v2`)) return;
    expect((performance.now() - beginMs) / 60_000, 'minutes').toBeLessThan(minutesMax);
  });

  it('has a command for each promise', () => {
    const lost = promises.filter(
      ([beginning]) => !commands.some((one) => one.startsWith(beginning)),
    );
    expect(lost.map(([beginning]) => beginning)).toEqual([]);
  });
});
