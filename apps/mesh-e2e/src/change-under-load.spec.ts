import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createSeededRandom } from '@osm/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { initialFiles, planEdits, poolFile, watched, type Edit } from './change/change-plan.ts';
import {
  absencesOf,
  delaysOf,
  describeDelays,
  tooLong,
  endpointAbsences,
  type Absence,
  type Delay,
} from './change/evidence.ts';
import { printed, type Line } from './change/pod-log.ts';
import { runEdits, type EditReport } from './change/run-edits.ts';
import { startTestMesh, type TestMesh } from './playground-mesh.ts';
import { sleep, until } from './waiting.ts';

// A thousand edits of the mesh in a minute, seventeen a second, while requests flow. Those that no edit concerns must not notice; what an
// edit takes away must be gone soon. All times are of one machine's clock: the file's renaming, and the pods' own logs.

const count = 1000;
const intervalMs = 60;
/** A removed endpoint, a removed access: after this nothing uses it. */
const goneMs = 200;
/** The drain time of the sidecars: an open TCP connection outlives its access for so long. */
const drainMs = 30_000;
const seed = Number(process.env['OSM_SEED'] ?? Date.now() % 1_000_000);
const image = resolve(import.meta.dirname, '../images/change');
const deployments = ['steady', 'pool-a', 'pool-b', 'constant', 'balanced', 'visitor'] as const;

describe(`${count} changes in ${(count * intervalMs) / 1000} s under load (OSM_SEED=${seed})`, () => {
  const home = mkdtempSync(join(tmpdir(), 'osm-e2e-changes-'));
  const changes = join(home, 'changes');
  let mesh: TestMesh;
  let report: EditReport;
  let startedMs: number;
  let endMs: number;

  beforeAll(async () => {
    mkdirSync(changes);
    for (const edit of initialFiles()) apply(edit);
    mesh = await startTestMesh(
      'change',
      1,
      { 'catalog-watcher': ['--directory', changes] },
      new Map([['e2e/change', image]]),
    );
    const pods = mesh.playground.pods
      .filter(({ blueprint }) => blueprint.owner.startsWith('pool-'))
      .map(({ blueprint }) => ({ ip: blueprint.ip, pod: blueprint.name }));
    apply(poolFile(pods));
    await until('all requests succeed', 30_000, async () => {
      const since = Date.now();
      await sleep(500);
      return (
        failures('balanced', 'app', since).length === 0 &&
        failures('constant', 'app', since).length === 0 &&
        failures('constant', 'tcp', since).length === 0 &&
        lines('visitor', 'tcp').filter((line) => line['opened'] !== undefined).length === 8
      );
    });
    startedMs = Date.now();
    report = await runEdits({
      program: join(image, 'change.mjs'),
      directory: changes,
      staging: join(home, 'staging'),
      intervalMs,
      edits: planEdits({ count, random: createSeededRandom(seed), pods }),
    });
    await sleep(500);
    endMs = Date.now();
  }, 240_000);
  afterAll(async () => {
    await mesh.close();
    rmSync(home, { recursive: true, force: true });
  }, 60_000);

  const apply = ({ file, text }: Edit): void => {
    writeFileSync(join(home, file), text ?? '');
    renameSync(join(home, file), join(changes, file));
  };
  const lines = (deployment: string, container = 'app'): readonly Line[] =>
    [...printed(mesh.playground, deployment, container).values()].flat();
  const failures = (deployment: string, container: string, since: number): readonly Line[] =>
    lines(deployment, container).filter(
      (line) => line['failed'] !== undefined && Number(line['at']) >= since,
    );
  const sent = (deployment: string, container: string): number =>
    lines(deployment, container).reduce((sum, line) => sum + Number(line['sent'] ?? 0), 0);
  /** The visitor's calls of a path or a host. */
  const calls = (part: string): readonly (readonly [number, number, string])[] =>
    lines('visitor')
      .filter((line) => String(line['url']).includes(part))
      .flatMap((line) => line['calls'] as [number, number, string][])
      .filter(([start]) => start >= startedMs);
  const delays = (removals: readonly Absence[], uses: readonly number[], limitMs = goneMs) =>
    delaysOf(removals, { uses, stalls: report.stalls, busy: report.busy, limitMs });
  /** Says how the delays are spread, and lets none be above the limit but by a stall of the machine. */
  const expectGone = (what: string, found: readonly Delay[], limitMs = goneMs): void => {
    process.stdout.write(`${describeDelays(what, found, limitMs)}\n`);
    expect(tooLong(found, limitMs)).toEqual([]);
  };
  /** Starts of calls that were let through although they began and ended while the access was away. */
  const admitted = (part: string, removals: readonly Absence[]): readonly number[] =>
    calls(part)
      .filter(
        ([start, end, outcome]) =>
          outcome === '200' &&
          removals.some(({ fromMs, untilMs }) => start >= fromMs && end < untilMs),
      )
      .map(([start]) => start);

  it('fails no request that no change concerns, and cuts no connection', () => {
    expect(report.edits).toHaveLength(count);
    const seconds = (report.edits.at(-1)?.atMs ?? 0) - startedMs;
    expect(seconds).toBeLessThan(count * intervalMs * 1.1);
    expect(failures('constant', 'app', startedMs)).toEqual([]);
    expect(failures('constant', 'tcp', startedMs)).toEqual([]);
    expect(sent('constant', 'app')).toBeGreaterThan(1000);
    expect(sent('constant', 'tcp')).toBeGreaterThan(1000);
  });

  it('fails no request to a service whose endpoints, or the weights of whose backends, change', () => {
    expect(failures('balanced', 'app', startedMs)).toEqual([]);
    expect(sent('balanced', 'app')).toBeGreaterThan(2000);
  });

  it('sends no request to an endpoint 200 ms after it was removed', () => {
    const removals = endpointAbsences(report.edits, watched.pool, endMs);
    const served = new Map([
      ...printed(mesh.playground, 'pool-a', 'app'),
      ...printed(mesh.playground, 'pool-b', 'app'),
    ]);
    const found = [...served].flatMap(([pod, said]) => {
      const own = removals.filter((removal) => removal.pod === pod);
      const times = said.flatMap((line) => (line['byPool'] as number[] | undefined) ?? []);
      expect(times.length).toBeGreaterThan(200);
      return delays(own, times);
    });
    expect(found).toHaveLength(50);
    expectGone('endpoint removed', found);
  });

  it('refuses a removed access after 200 ms: all of it, or one path on connections that stay open', () => {
    for (const [file, part, what] of [
      [watched.whole, 'steady', 'access removed'],
      [watched.path, '/private', 'path removed'],
    ] as const) {
      const removals = absencesOf(report.edits, file, endMs);
      expect(removals).toHaveLength(50);
      expectGone(what, delays(removals, admitted(part, removals)));
      // And it is there in between.
      expect(calls(part).filter(([, , outcome]) => outcome === '200').length).toBeGreaterThan(100);
    }
    expect(new Set(calls('/private').map(([, , outcome]) => outcome))).toEqual(
      new Set(['200', '403']),
    );
  });

  it('ends open TCP connections of a removed access within 30 s, and leaves those of others at the same service alone', () => {
    const [removal] = absencesOf(report.edits, watched.tcp, endMs);
    if (removal === undefined) throw new Error('the access was not removed');
    const said = lines('visitor', 'tcp');
    const held = (server: string): number =>
      said.filter((line) => line['opened'] === server).length;
    expect(held('pool-a')).toBeGreaterThan(0);
    expect(held('pool-b')).toBeGreaterThan(0);
    const closed = said.filter((line) => line['closed'] !== undefined);
    expect(closed.map((line) => line['closed'])).toEqual(
      Array.from({ length: held('pool-a') }, () => 'pool-a'),
    );
    const ends = closed.map((line) => Number(line['at']));
    expectGone(
      'TCP connections ended',
      delays([removal], ends, drainMs + goneMs),
      drainMs + goneMs,
    );
    const dials = said.flatMap((line) => (line['dials'] as [number, number, string][]) ?? []);
    const letIn = dials.filter(
      ([start, , outcome]) => outcome === 'pool-a' && start >= removal.fromMs,
    );
    const starts = letIn.map(([start]) => start);
    expectGone('TCP access removed', delays([removal], starts));
  });

  it('made nothing that a proxy refuses', async () => {
    for (const deployment of deployments) {
      const stats = await mesh.admin(deployment, '/stats?filter=update_rejected');
      const refused = stats.split('\n').filter((line) => line !== '' && !line.endsWith(': 0'));
      expect(refused, deployment).toEqual([]);
    }
  });
});
