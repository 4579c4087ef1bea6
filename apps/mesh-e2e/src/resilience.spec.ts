import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestMesh, type TestMesh } from './playground-mesh.ts';

// Two replicas of each service, six proxies, 50 requests a second. What dies is the control plane; what must not notice is the data plane.

const clients = ['client-1', 'client-2', 'client-3'];
const services = [
  'catalog-watcher',
  'certificate-manager',
  'policy-compiler',
  'xds-server',
  'injector',
] as const;

describe('the mesh under failure', () => {
  let mesh: TestMesh;
  beforeAll(async () => {
    mesh = await startTestMesh('resilience', 2);
    await until('traffic flows', 20_000, () =>
      clients.every((client) => sent(client) > 0 && failures(client, steadyFrom()).length === 0),
    );
  }, 120_000);
  afterAll(() => mesh.close(), 60_000);

  /** Requests count from two seconds after the last start: before that pods may still be coming up. */
  let steady = 0;
  const steadyFrom = (): number => (steady === 0 ? Date.now() : steady);
  const sent = (client: string): number =>
    mesh.lines(client).reduce((sum, line) => sum + Number(line['sent'] ?? 0), 0);
  const failures = (client: string, sinceMs: number): readonly Record<string, unknown>[] =>
    mesh
      .lines(client)
      .filter((line) => line['failed'] !== undefined && Number(line['at']) >= sinceMs);
  const outcomes = (): readonly { at: number; outcome: string }[] =>
    mesh
      .lines('late')
      .map((line) => ({ at: Number(line['at']), outcome: String(line['outcome']) }));
  const allow = (who: string): void => edit((text) => addSource(text, who));
  const edit = (change: (text: string) => string): void => {
    const file = join(mesh.directory, 'mesh.yaml');
    writeFileSync(file, change(readFileSync(file, 'utf8')));
  };

  it('loses no request while every service and NATS is killed, and applies a change within 2 s of the last restart', async () => {
    steady = Date.now();
    const before = clients.map(sent);
    const { services: running } = mesh.playground;
    if (running === undefined) throw new Error('the playground runs no mesh');
    for (const service of services) {
      for (const instance of running.of(service)) instance.process.kill('SIGKILL');
      await until(`${service} is back`, 30_000, () =>
        running.of(service).every((one) => one.isReady),
      );
      await sleep(6_000);
    }
    expect(outcomes().at(-1)?.outcome).not.toBe('200');
    running.nats.kill('SIGKILL');
    allow('late');
    await until('NATS is down', 5_000, async () => !(await answers(running.natsUrl)));
    await until('NATS is back', 30_000, () => answers(running.natsUrl));
    const backAt = Date.now();
    await until('the change has arrived', 10_000, () => outcomes().at(-1)?.outcome === '200');
    expect((outcomes().at(-1)?.at ?? Infinity) - backAt).toBeLessThan(2_000);
    await sleep(Math.max(0, steady + 60_000 - Date.now()));

    const total = clients.map(sent).reduce((a, b) => a + b) - before.reduce((a, b) => a + b);
    const seconds = (Date.now() - steady) / 1000;
    expect(total / seconds).toBeGreaterThan(45);
    expect(clients.flatMap((client) => failures(client, steady))).toEqual([]);
  }, 180_000);

  it('rebuilds everything after NATS lost its data, and nobody loses configuration', async () => {
    steady = Date.now();
    const { services: running } = mesh.playground;
    if (running === undefined) throw new Error('the playground runs no mesh');
    await running.wipeNats();
    await until('NATS is down', 5_000, async () => !(await answers(running.natsUrl)));
    await until('NATS is back', 30_000, () => answers(running.natsUrl));
    edit((text) => removeSource(text, 'late'));
    await until('the change has arrived', 15_000, () => outcomes().at(-1)?.outcome !== '200');
    for (const instance of running.of('xds-server')) instance.process.kill('SIGKILL');
    await until('xds-servers are back', 30_000, () =>
      running.of('xds-server').every((one) => one.isReady),
    );
    await sleep(3_000);
    expect(outcomes().at(-1)?.outcome).not.toBe('200');
    expect(clients.flatMap((client) => failures(client, steady))).toEqual([]);
  }, 120_000);
});

const mark = (who: string): string =>
  `    - { kind: ServiceAccount, name: ${who}, namespace: res }\n`;

/** Adds a source to the first TrafficTarget, that of server-1. */
function addSource(text: string, who: string): string {
  return text.replace('  sources:\n', `  sources:\n${mark(who)}`);
}

function removeSource(text: string, who: string): string {
  return text.replace(mark(who), '');
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function until(
  what: string,
  limitMs: number,
  holds: () => boolean | Promise<boolean>,
): Promise<void> {
  const end = Date.now() + limitMs;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not within ${limitMs} ms: ${what}`);
    await sleep(20);
  }
}

function answers(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url.replace('nats:', 'http:'));
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port) });
    socket.once('data', () => end(true));
    socket.once('error', () => end(false));
    const end = (good: boolean): void => {
      socket.destroy();
      resolve(good);
    };
  });
}
