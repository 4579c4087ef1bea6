import { afterAll, beforeAll, expect, it } from 'vitest';
import { until } from '../waiting.ts';
import {
  knows,
  mayCall,
  metric,
  readiness,
  startControlPlane,
  type ControlPlane,
} from './control-plane.ts';
import { measured } from './figures.ts';
import { listenTo } from './heard.ts';
import type { NatsNode } from './nats-servers.ts';

/** From the moment the buckets have leaders again until a proxy has what was changed meanwhile. */
const catchUpMsMax = 2_000;
/** A cluster notices a dead leader after 4 to 9 s; that is NATS' own. */
const electionMsMax = 40_000;

/** Who leads, as a member of the cluster knows it; empty while it is silent. */
async function leadersOf(node: NatsNode): Promise<ReadonlyMap<string, string>> {
  const found = (await node.monitor('/jsz?accounts=true&streams=true').catch(() => ({}))) as Jsz;
  const streams = (found.account_details ?? []).flatMap(({ name: account, stream_detail }) =>
    (stream_detail ?? []).map(({ name, cluster }): [string, string] => [
      `${account} ${name}`,
      cluster?.leader ?? '',
    ]),
  );
  return new Map([['meta', found.meta_cluster?.leader ?? ''], ...streams]);
}

interface Jsz {
  readonly meta_cluster?: { readonly leader?: string };
  readonly account_details?: readonly {
    readonly name: string;
    readonly stream_detail?: readonly {
      readonly name: string;
      readonly cluster?: { readonly leader?: string };
    }[];
  }[];
}

const compiled = 'policy-compiler KV_compiled';

/** What can happen to a cluster of three, one after the other, to one control plane. */
export function clusterStories(): void {
  let plane: ControlPlane;
  beforeAll(async () => {
    plane = await startControlPlane({ host: '127.0.0.3', natsServers: 3, replicas: 1 });
  }, 180_000);
  afterAll(() => plane.close(), 60_000);

  const node = (name: string): NatsNode => {
    const found = plane.nats.nodes.find((each) => each.name === name);
    if (found === undefined) throw new Error(`no server ${name}`);
    return found;
  };
  /** Resolves when the cluster and all its streams have leaders among these. */
  const elected = async (alive: readonly NatsNode[]): Promise<number> => {
    const names = alive.map(({ name }) => name);
    await until('leaders are elected', electionMsMax, async () => {
      const views = await Promise.all(alive.map(leadersOf));
      const groups = new Set(views.flatMap((view) => [...view.keys()]));
      return [...groups].every((group) =>
        views.some((view) => names.includes(view.get(group) ?? '')),
      );
    });
    return Date.now();
  };
  const leaderOf = async (group: string): Promise<NatsNode> => {
    const views = await Promise.all(plane.nats.nodes.map(leadersOf));
    return node(views.map((view) => view.get(group) ?? '').find((name) => name !== '') ?? 'nobody');
  };
  const others = (than: readonly NatsNode[]): readonly NatsNode[] =>
    plane.nats.nodes.filter((each) => !than.includes(each));
  const buyerMayCallLate = (): boolean => mayCall(plane.proxies.buyer, 'late');
  const takeBack = async (): Promise<void> => {
    plane.allow('late');
    await until('buyer forgets late', 20_000, () => !knows(plane.proxies.buyer, 'late'));
  };

  for (const group of ['meta', compiled])
    it.sequential(
      `loses the leader of ${group} by kill -9: a change arrives with the next leader`,
      async () => {
        const heard = listenTo(plane.proxies);
        await elected(plane.nats.nodes);
        const victim = await leaderOf(group);
        await victim.kill();
        try {
          plane.allow('late', 'buyer');
          const electedAt = await elected(others([victim]));
          await until('buyer may call late', 20_000, buyerMayCallLate);
          const tookMs = Math.max(0, Date.now() - electedAt);
          expect(measured(`cluster, ${group} killed`, tookMs)).toBeLessThan(catchUpMsMax);
          expect(heard.removals()).toEqual([]);
        } finally {
          await victim.start();
        }
        await takeBack();
        await heard.same();
      },
      120_000,
    );

  it.sequential(
    'has one member paused: the majority goes on, and the one that returns takes nothing back',
    async () => {
      const heard = listenTo(plane.proxies);
      await elected(plane.nats.nodes);
      const paused = await leaderOf(compiled);
      paused.pause();
      plane.allow('late', 'buyer');
      await until('buyer may call late', 40_000, buyerMayCallLate);
      expect(heard.removals()).toEqual([]);
      const grants = heard.grants();
      paused.resume();
      await elected(plane.nats.nodes);
      plane.allow('late', 'buyer', 'shop');
      await until('shop may call late', 20_000, () => mayCall(plane.proxies.shop, 'late'));
      expect(heard.removals()).toEqual([]);
      expect(heard.grants()).toEqual(grants);
      await takeBack();
      await heard.same();
    },
    120_000,
  );

  it.sequential(
    'loses its majority and gets it back: proxies keep what they have, and metrics tell',
    async () => {
      const heard = listenTo(plane.proxies);
      const two = plane.nats.nodes.slice(1);
      for (const each of two) each.pause();
      plane.allow('late', 'buyer');
      await until('the metrics tell', 30_000, async () =>
        (await metric(plane.services, 'xds-server', /^osm_bus_synced\{/)).every((sum) => sum === 0),
      );
      expect(await readiness(plane.services, 'xds-server')).toEqual(['200 Health OK']);
      expect(buyerMayCallLate()).toBe(false);
      for (const each of two) each.resume();
      const electedAt = await elected(plane.nats.nodes);
      await until('buyer may call late', 20_000, buyerMayCallLate);
      expect(measured('cluster, majority back', Math.max(0, Date.now() - electedAt))).toBeLessThan(
        catchUpMsMax,
      );
      expect(heard.removals()).toEqual([]);
      await takeBack();
      await heard.same();
    },
    120_000,
  );
}
