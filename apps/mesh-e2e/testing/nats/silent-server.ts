import { isDeepStrictEqual } from 'node:util';
import { beforeAll, expect, it } from 'vitest';
import { addSource, removeSource } from '../../src/manifest-edits.ts';
import type { TestMesh } from '../../src/playground-mesh.ts';
import { sleep, until } from '../../src/waiting.ts';
import { metric, readiness } from './control-plane.ts';
import { measured } from './figures.ts';

const clients = ['client-1', 'client-2', 'client-3'];
const everybody = [...clients, 'late', 'server-1', 'server-2', 'server-3'];
const pauseMs = 60_000;
const catchUpMsMax = 2_000;
/** A silent server is noticed within 6 s; a busy machine may need more to say so. */
const noticedMsMax = 15_000;

/** A server that neither answers nor goes away, with real Envoys and traffic through them. */
export function silentServerStories(start: () => TestMesh): void {
  let mesh: TestMesh;
  let services: NonNullable<TestMesh['playground']['services']>;
  beforeAll(async () => {
    mesh = start();
    if (mesh.playground.services === undefined) throw new Error('the playground runs no mesh');
    services = mesh.playground.services;
    await until('traffic flows', 30_000, () => clients.every((client) => mesh.sent(client) > 0));
  }, 40_000);

  /** Names of everything that the proxies have been given. */
  const configuration = async (): Promise<readonly string[]> => {
    const names = await Promise.all(
      everybody.map(async (who) => `${who}: ${await namesIn(mesh, who)}`),
    );
    return names.sort();
  };
  const leaders = async (name: 'catalog-watcher' | 'policy-compiler'): Promise<number> =>
    (await metric(services, name, /_leading /)).reduce((a, b) => a + b);

  it.sequential(
    `paused for ${pauseMs / 1000} s: nobody loses anything, nobody fights, and it goes on where it stood`,
    async () => {
      const before = await configuration();
      const since = Date.now();
      services.nats?.kill('SIGSTOP');
      await until('the services notice', noticedMsMax, async () => {
        const connected = await Promise.all(
          services.instances.map(({ service }) =>
            metric(services, service as 'injector', /^osm_bus_connected /),
          ),
        );
        return connected.flat().every((value) => value === 0);
      });
      for (const name of ['catalog-watcher', 'certificate-manager', 'policy-compiler'] as const)
        expect((await readiness(services, name)).join()).toContain('503 bus: not connected');
      expect(await readiness(services, 'xds-server')).toEqual(['200 Health OK', '200 Health OK']);

      for (let round = 0; Date.now() < since + pauseMs; round += 1) {
        mesh.edit((text) =>
          round % 2 === 0 ? addSource(text, 'late') : removeSource(text, 'late'),
        );
        expect(await configuration()).toEqual(before);
        // Nobody can renew a lease, so nobody holds one.
        expect(await leaders('catalog-watcher')).toBe(0);
        expect(await leaders('policy-compiler')).toBe(0);
        await sleep(5_000);
      }
      mesh.edit((text) => addSource(removeSource(text, 'late'), 'late'));
      expect(mesh.outcome('late').outcome).not.toBe('200');
      const backAt = Date.now();
      services.nats?.kill('SIGCONT');
      await until('the change has arrived', 20_000, () => mesh.outcome('late').outcome === '200');
      expect(measured('paused for 60 s', mesh.outcome('late').at - backAt)).toBeLessThan(
        catchUpMsMax,
      );
      expect(await leaders('catalog-watcher')).toBe(1);
      expect(await leaders('policy-compiler')).toBe(1);
      expect(clients.flatMap((client) => mesh.failures(client, since))).toEqual([]);
      mesh.edit((text) => removeSource(text, 'late'));
      const same = async (): Promise<boolean> => isDeepStrictEqual(await configuration(), before);
      await until('late has nothing of server-1 any more', 20_000, same).catch(() => undefined);
      expect(await configuration()).toEqual(before);
    },
    180_000,
  );
}

async function namesIn(mesh: TestMesh, deployment: string): Promise<string> {
  const kinds = ['dynamic_listeners', 'dynamic_active_clusters'];
  const dumps = await Promise.all(
    kinds.map((kind) => mesh.admin(deployment, `/config_dump?resource=${kind}`)),
  );
  return (
    dumps
      // Envoy says so in words when it has nothing of a kind.
      .filter((dump) => dump.startsWith('{'))
      .flatMap((dump) => (JSON.parse(dump) as { configs?: readonly Dumped[] }).configs ?? [])
      .filter(({ active_state: active, cluster }) => (active ?? cluster) !== undefined)
      .map(({ name, cluster }) => name ?? cluster?.name ?? '')
      .sort()
      .join(' ')
  );
}

interface Dumped {
  readonly name?: string;
  /** Of a listener; one that only drains has none. */
  readonly active_state?: unknown;
  readonly cluster?: { readonly name: string };
}
