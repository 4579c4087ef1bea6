import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apiServerSwitch } from '../harness/api-server.ts';
import { answers, call } from '../harness/calls.ts';
import { apply, kubectl, tryKubectl } from '../harness/kubectl.ts';
import { endLoad, loadOf, lostOf, restartLoad } from '../harness/load.ts';
import { useMesh } from '../harness/mesh.ts';
import { allReady, podsOf } from '../harness/pods.ts';
import { trafficTarget } from '../harness/policy.ts';
import { openStory } from '../harness/story.ts';
import { sleep, until } from '../harness/waiting.ts';
import { loadWorkload, workload } from '../harness/workloads.ts';
import { openShop, type Shop } from './shop.ts';

// The API server is asked for nothing that a request needs. It is stopped for half a minute; how that is done differs from cluster to
// cluster, so two variables say it.

const apiServer = apiServerSwitch();
const awayMs = 30_000;

describe.skipIf(apiServer === undefined)(
  'the API server is away for half a minute (needs OSM_STOP_API_SERVER and OSM_START_API_SERVER)',
  () => {
    const story = openStory();
    let shop: Shop;
    let client = { namespace: '', app: 'client' };
    let renewed = { namespace: '', app: 'renewed-load' };
    let stoppedAt = 0;
    let startedAt = 0;

    beforeAll(async () => {
      await useMesh();
      const namespace = await story.namespace('alone');
      client = { namespace, app: 'client' };
      renewed = { namespace, app: 'renewed-load' };
      const target = { name: 'renewed', namespace };
      await apply(
        ...workload({ name: 'client', namespace }),
        ...workload({
          ...target,
          serves: ['http:8080'],
          ports: [{ name: 'http', port: 80, targetPort: 8080 }],
        }),
        ...loadWorkload({
          name: 'renewed-load',
          namespace,
          perSecond: 10,
          connections: 'fresh',
          urls: [`http://renewed.${namespace}/`],
        }),
        trafficTarget(
          target,
          target,
          [{ name: 'renewed-load', namespace }],
          [{ kind: 'HTTPRouteGroup', name: 'routes', matches: ['all'] }],
        ),
      );
      shop = await openShop(namespace, { replicas: 2, connections: 'keep' });
    });
    afterAll(async () => {
      await apiServer?.start();
      await story.end();
    });

    it('requests go on: none is lost', async () => {
      const load = await shop.losesNothing(async () => {
        await restartLoad(renewed);
        await endProxyIn(10_000, 'renewed');
        await apiServer?.stop();
        stoppedAt = Date.now();
        expect(
          (await tryKubectl('get', '--raw', '/readyz', '--request-timeout=2s')).status,
        ).not.toBe(0);
        await sleep(stoppedAt + awayMs - Date.now());
        startedAt = Date.now();
        await apiServer?.start();
        await kubectl('get', '--raw', '/readyz');
      });
      const seconds = Object.keys(load.seconds).map((second) => Number(second) * 1000);
      expect(seconds.filter((at) => at > stoppedAt && at < startedAt).length).toBeGreaterThan(25);
    });

    it('xDS goes on: a proxy that was started meanwhile got its configuration', async () => {
      const { seconds } = await endLoad(renewed);
      const during = Object.entries(seconds)
        .map(([second, words]) => ({ at: Number(second) * 1000, words }))
        .filter(({ at }) => at >= stoppedAt && at < startedAt - 1000);
      const lastFailure = during.findLast(({ words }) =>
        Object.keys(words).some((w) => w !== '200'),
      );
      expect(lastFailure, 'the proxy ended while the API server was away').toBeDefined();
      expect(during.filter(({ at }) => at > (lastFailure?.at ?? 0)).length).toBeGreaterThan(3);
      expect(await restartsOfProxy('renewed')).toBe(1);
    });

    it('what changes afterwards arrives as before', async () => {
      const url = `http://server.${shop.namespace}/`;
      expect((await call(client, { url })).words).toEqual({ refused: 1 });
      await apply(
        trafficTarget(
          { name: 'later', namespace: shop.namespace },
          { name: 'server', namespace: shop.namespace },
          [{ name: 'client', namespace: shop.namespace }],
          [{ kind: 'HTTPRouteGroup', name: 'routes', matches: ['all'] }],
        ),
      );
      await answers(client, { url }, '200', { limitMs: 30_000 });

      await restartLoad(shop.load);
      await kubectl('scale', '-n', shop.namespace, 'deployment/server', '--replicas=3');
      await allReady(shop.namespace);
      await until('three servers answer', 30_000, async () => {
        const answering = Object.keys((await loadOf(shop.load)).by).length;
        return answering === 3 ? undefined : `${answering}`;
      });
      expect(lostOf(await endLoad(shop.load))).toBeUndefined();
    });

    /** Ends the proxy of a pod after a while, by its admin port; the kubelet starts it again. */
    async function endProxyIn(ms: number, app: string): Promise<void> {
      const [pod] = await podsOf(shop.namespace, app);
      const quit = `setTimeout(() => require('http').request({method: 'POST', port: 15000, path: '/quitquitquit'}).on('error', () => 0).end(), ${ms})`;
      const script = `require('child_process').spawn('node', ['-e', ${JSON.stringify(quit)}], {detached: true, stdio: 'ignore'}).unref()`;
      await kubectl(
        ...['exec', '-n', shop.namespace, pod?.metadata.name ?? '', '-c', 'app', '--'],
        ...['node', '-e', script],
      );
    }

    async function restartsOfProxy(app: string): Promise<number> {
      const [pod] = await podsOf(shop.namespace, app);
      const { initContainerStatuses = [], containerStatuses = [] } = pod?.status ?? {};
      const all = [...initContainerStatuses, ...containerStatuses];
      return all.find(({ name }) => name === 'envoy')?.restartCount ?? 0;
    }
  },
);
