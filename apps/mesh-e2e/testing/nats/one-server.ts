import { readFileSync } from 'node:fs';
import { serviceNames } from '@osm/playground';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { sleep, until } from '../../src/waiting.ts';
import { ballastManifest } from './bare-manifests.ts';
import { isSynced, knows, mayCall, metric, readiness, type ControlPlane } from './control-plane.ts';
import { measured } from './figures.ts';
import { listenTo, type Heard } from './heard.ts';
import { snapshot, wipe, type NatsNode } from './nats-servers.ts';

/** From the moment the server accepts connections until a proxy has what was changed while it was away. */
const catchUpMsMax = 2_000;
const ballastMax = 30;

/** What can happen to a single NATS, one after the other, to one control plane of two replicas each. */
export function oneServerStories(start: () => ControlPlane): void {
  let plane: ControlPlane;
  let node: NatsNode;
  beforeAll(() => {
    plane = start();
    const [only] = plane.nats.nodes;
    if (only === undefined) throw new Error('no server');
    node = only;
  });
  afterEach(() => plane.link.trouble({}));

  const listen = (): Heard => listenTo(plane.proxies);
  /** Takes an access away that was given, and waits until no proxy has it. */
  const takeBack = async (): Promise<void> => {
    plane.allow('late');
    await until('buyer forgets late', 20_000, () => !knows(plane.proxies.buyer, 'late'));
  };
  /** Lets buyer call late while NATS is away, brings NATS back by `start`, and says how long it took from there. */
  const catchUp = async (start: () => Promise<number>): Promise<number> => {
    plane.allow('late', 'buyer');
    const readyAt = await start();
    await until('buyer may call late', 20_000, () => mayCall(plane.proxies.buyer, 'late'));
    return Date.now() - readyAt;
  };
  /** Which replica leads, of the services with two writers. */
  const leading = async (): Promise<readonly number[]> => [
    ...(await metric(plane.services, 'catalog-watcher', /^osm_catalog_leading /)),
    ...(await metric(plane.services, 'policy-compiler', /_leading /)),
  ];
  const restarts = (): readonly number[] =>
    plane.services.instances.map((instance) => instance.process.restarts);
  /** Messages of all services since then that have the words. */
  const logged = (sinceMs: number, words: RegExp): readonly string[] =>
    plane.services.instances
      .flatMap(({ process }) => readFileSync(process.logPath, 'utf8').split('\n'))
      .filter(
        (line) =>
          words.test(line) && Date.parse(/"time":"([^"]+)"/.exec(line)?.[1] ?? '') >= sinceMs,
      );

  /** Makes the catalog larger by so many objects, or as small as it was. */
  const ballast = (count: number, bytesEach: number): void => {
    for (let slice = 0; slice < ballastMax; slice += 1) {
      const text = slice < count ? ballastManifest(slice, bytesEach) : undefined;
      plane.write(`ballast-${slice}.yaml`, text);
    }
  };

  it.sequential(
    'killed: services say so, and a change made meanwhile arrives when it is back with its store',
    async () => {
      const heard = listen();
      const reconnects = async (): Promise<number> =>
        (await metric(plane.services, 'xds-server', /^osm_bus_reconnects_total /)).reduce(
          (a, b) => a + b,
        );
      const before = await reconnects();
      await node.kill();
      await until('the metrics tell', 5_000, async () => {
        const connected = await Promise.all(
          serviceNames.map((name) => metric(plane.services, name, /^osm_bus_connected /)),
        );
        return connected.flat().every((value) => value === 0);
      });
      for (const name of [
        'catalog-watcher',
        'certificate-manager',
        'policy-compiler',
        'injector',
      ] as const)
        expect(await readiness(plane.services, name)).toEqual(
          Array.from({ length: 2 }, () => '503 bus: not connected to the bus'),
        );
      expect(await readiness(plane.services, 'xds-server')).toEqual([
        '200 Health OK',
        '200 Health OK',
      ]);
      expect(await metric(plane.services, 'xds-server', /^osm_bus_synced\{/)).toEqual([0, 0]);

      expect(measured('killed', await catchUp(node.start))).toBeLessThan(catchUpMsMax);
      expect(await reconnects()).toBe(before + 2);
      expect(heard.removals()).toEqual([]);
      await takeBack();
      await heard.same();
    },
    60_000,
  );

  it.sequential(
    'wiped: everything is written again, and nobody loses anything',
    async () => {
      const heard = listen();
      await node.kill();
      wipe(node);
      expect(measured('wiped', await catchUp(node.start))).toBeLessThan(catchUpMsMax);
      expect(heard.removals()).toEqual([]);
      await takeBack();
      await heard.same();
    },
    60_000,
  );

  it.sequential(
    'restored to an older state: what was taken away since does not come back to any proxy',
    async () => {
      const { late } = plane.proxies;
      plane.allow('shop', 'buyer', 'late');
      await until('late may call shop', 10_000, () => mayCall(late, 'shop'));
      await node.kill();
      const restore = snapshot(node);
      await node.start();
      plane.allow('shop', 'buyer');
      await until('late forgets shop', 10_000, () => !knows(late, 'shop'));

      await node.kill();
      restore();
      const heard = listen();
      expect(measured('restored', await catchUp(node.start))).toBeLessThan(catchUpMsMax);
      expect(heard.grants()).toEqual([]);
      expect(heard.removals()).toEqual([]);
      // Servers that start now find the bucket as its owner wants it.
      for (const instance of plane.services.of('xds-server')) instance.process.kill('SIGKILL');
      await until('the xds-servers are back', 30_000, () =>
        plane.services.of('xds-server').every((instance) => instance.isReady),
      );
      await takeBack();
      expect(heard.grants()).toEqual([]);
      await heard.same();
    },
    60_000,
  );

  it.sequential(
    'slow: 200 ms away in each direction with 200 kB/s, and nobody is taken for dead',
    async () => {
      const heard = listen();
      plane.link.trouble({ delayMs: 200, bytesPerSecond: 200_000 });
      const troubledMs = Date.now();
      await until('the leases are renewed over the slow link', 15_000, async () => {
        const quietSince = Math.max(troubledMs, Date.now() - 3_000);
        const isQuiet =
          Date.now() - troubledMs > 3_000 && logged(quietSince, /"leadership"/).length === 0;
        return isQuiet && (await leading()).includes(1);
      });
      const before = await leading();
      const since = Date.now();
      ballast(6, 50_000);
      plane.allow('late', 'buyer');
      await until('buyer may call late', 20_000, () => mayCall(plane.proxies.buyer, 'late'));
      measured('slow link: change with 300 kB beside it', Date.now() - since);
      await until('the bulk is through', 20_000, () => isSynced(plane.services, 'policy-compiler'));
      const smallAt = Date.now();
      await takeBack();
      measured('slow link: a small change', Date.now() - smallAt);
      expect(await leading()).toEqual(before);
      expect(logged(since, /connection to the bus lost/)).toEqual([]);

      await node.kill();
      measured('slow link: killed', await catchUp(node.start));
      plane.link.trouble({});
      ballast(0, 0);
      await takeBack();
      expect(heard.removals().filter((name) => !name.includes('bare/late'))).toEqual([]);
      await heard.same();
    },
    90_000,
  );

  it.sequential(
    'cut off every second: changes arrive all the same, and nobody loses anything',
    async () => {
      const heard = listen();
      for (let round = 0; round < 8; round += 1) {
        if (round % 2 === 0) plane.allow('late', 'buyer');
        else plane.allow('late');
        await sleep(1_000);
        plane.link.cut();
      }
      await takeBack();
      plane.link.cut();
      expect(measured('cut off', await catchUp(() => Promise.resolve(Date.now())))).toBeLessThan(
        catchUpMsMax,
      );
      await takeBack();
      expect(heard.removals().filter((name) => !name.includes('bare/late'))).toEqual([]);
      await heard.same();
      expect(restarts().slice(0, 3)).toEqual([0, 0, 0]);
    },
    60_000,
  );

  it.sequential(
    'without room: the error names it, the last good stays, and room heals it',
    async () => {
      const heard = listen();
      await node.kill();
      await node.start({ storeBytesMax: 1_500_000 });
      await until('connected again', 10_000, () => isSynced(plane.services, 'xds-server'));
      const since = Date.now();
      ballast(30, 80_000);
      await until('the log names it', 20_000, () => logged(since, /NATS has no room/).length > 0);
      await node.kill();
      expect(measured('room made', await catchUp(node.start))).toBeLessThan(catchUpMsMax);
      expect(heard.removals()).toEqual([]);
      ballast(0, 0);
      await takeBack();
      await heard.same();
    },
    60_000,
  );

  it.sequential(
    'without JetStream, and with accounts that are not ours: a clear log, nobody crashes, and then all is well',
    async () => {
      const heard = listen();
      const alive = restarts();
      for (const [settings, words] of [
        [{ jetstream: false }, /Has the server JetStream/],
        [{ services: ['console'] }, /does not know the key of --nats-credentials/],
      ] as const) {
        const since = Date.now();
        await node.kill();
        await node.start(settings);
        await until('the log names it', 15_000, () => logged(since, words).length > 0);
        await sleep(2_000);
        // Once for each bucket that a replica uses, or for its connection.
        expect(logged(since, /"level":"(info|warn|error)"/).length).toBeLessThan(200);
      }
      await node.kill();
      expect(measured('JetStream and accounts are back', await catchUp(node.start))).toBeLessThan(
        catchUpMsMax,
      );
      expect(heard.removals()).toEqual([]);
      expect(restarts()).toEqual(alive);
      await takeBack();
      await heard.same();
    },
    90_000,
  );
}
