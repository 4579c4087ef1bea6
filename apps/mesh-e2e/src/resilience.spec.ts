import { connect } from 'node:net';
import { serviceNames } from '@osm/playground';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addSource, removeSource } from './manifest-edits.ts';
import { startTestMesh, type TestMesh } from './playground-mesh.ts';
import { sleep, until } from './waiting.ts';

// Two replicas of each service, six proxies, 50 requests a second. What dies is the control plane; what must not notice is the data plane.

const clients = ['client-1', 'client-2', 'client-3'];

describe('the mesh under failure', () => {
  let mesh: TestMesh;
  let running: NonNullable<TestMesh['playground']['services']>;
  beforeAll(async () => {
    mesh = await startTestMesh('resilience', 2);
    if (mesh.playground.services === undefined) throw new Error('the playground runs no mesh');
    running = mesh.playground.services;
    await until('traffic flows', 20_000, () => clients.every((client) => mesh.sent(client) > 0));
  }, 120_000);
  afterAll(() => mesh.close(), 60_000);

  const natsComesBack = async (): Promise<number> => {
    await until('NATS is down', 5_000, async () => !(await answers(running.natsUrl)));
    await until('NATS is back', 30_000, () => answers(running.natsUrl));
    return Date.now();
  };
  const failures = (sinceMs: number): readonly unknown[] =>
    clients.flatMap((client) => mesh.failures(client, sinceMs));

  it('loses no request while every service and NATS is killed, and applies a change within 2 s of the last restart', async () => {
    const since = Date.now();
    const before = clients.map(mesh.sent);
    for (const service of serviceNames) {
      for (const instance of running.of(service)) instance.process.kill('SIGKILL');
      await until(`${service} is back`, 30_000, () =>
        running.of(service).every((instance) => instance.isReady),
      );
      await sleep(6_000);
    }
    expect(mesh.outcome('late').outcome).not.toBe('200');
    running.nats?.kill('SIGKILL');
    mesh.edit((text) => addSource(text, 'late'));
    const backAt = await natsComesBack();
    await until('the change has arrived', 10_000, () => mesh.outcome('late').outcome === '200');
    expect(mesh.outcome('late').at - backAt).toBeLessThan(2_000);
    await sleep(Math.max(0, since + 60_000 - Date.now()));

    const total = clients.map(mesh.sent).reduce((a, b) => a + b) - before.reduce((a, b) => a + b);
    expect(total / ((Date.now() - since) / 1000)).toBeGreaterThan(45);
    expect(failures(since)).toEqual([]);
  }, 180_000);

  it('rebuilds everything after NATS lost its data, and nobody loses configuration', async () => {
    const since = Date.now();
    await running.wipeNats();
    await natsComesBack();
    mesh.edit((text) => removeSource(text, 'late'));
    await until('the change has arrived', 15_000, () => mesh.outcome('late').outcome !== '200');
    for (const instance of running.of('xds-server')) instance.process.kill('SIGKILL');
    await until('the xds-servers are back', 30_000, () =>
      running.of('xds-server').every((instance) => instance.isReady),
    );
    await sleep(3_000);
    expect(mesh.outcome('late').outcome).not.toBe('200');
    expect(failures(since)).toEqual([]);
  }, 120_000);
});

function answers(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url.replace('nats:', 'http:'));
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port) });
    const end = (good: boolean): void => {
      socket.destroy();
      resolve(good);
    };
    socket.once('data', () => end(true));
    socket.once('error', () => end(false));
  });
}
