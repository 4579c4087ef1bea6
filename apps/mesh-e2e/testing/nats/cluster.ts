import { beforeAll, expect, it } from 'vitest';
import { until } from '../../src/waiting.ts';
import { isSynced, knows, mayCall, readiness, type ControlPlane } from './control-plane.ts';
import { measured } from './figures.ts';
import { listenTo } from './heard.ts';
import type { NatsNode } from './nats-servers.ts';

/** From the moment the buckets have leaders again until a proxy has what was changed meanwhile. */
const catchUpMsMax = 2_000;
/** A cluster notices a dead leader after 4 to 9 s; that is NATS' own. */
const electionMsMax = 40_000;

/** A group of servers that agree, as one of them sees it. */
interface Group {
  readonly leader: string;
  /** All others follow it closely; the leader alone knows. */
  readonly isHealthy: boolean;
}

/** The cluster itself (`meta`), and its streams as `<account> <stream>`; nothing while the member is silent. */
async function groupsOf(node: NatsNode): Promise<ReadonlyMap<string, Group>> {
  const found = (await node.monitor('/jsz?accounts=true&streams=true').catch(() => ({}))) as Jsz;
  const groupOf = ({ leader = '', replicas = [] }: JszGroup = {}): Group => ({
    leader,
    isHealthy: replicas.length === 2 && replicas.every(({ current }) => current === true),
  });
  const streams = (found.account_details ?? []).flatMap(({ name: account, stream_detail }) =>
    (stream_detail ?? []).map(({ name, cluster }): [string, Group] => [
      `${account} ${name}`,
      groupOf(cluster),
    ]),
  );
  return new Map([['meta', groupOf(found.meta_cluster)], ...streams]);
}

interface JszGroup {
  readonly leader?: string;
  readonly replicas?: readonly { readonly current?: boolean }[];
}

interface Jsz {
  readonly meta_cluster?: JszGroup;
  readonly account_details?: readonly {
    readonly name: string;
    readonly stream_detail?: readonly { readonly name: string; readonly cluster?: JszGroup }[];
  }[];
}

const compiled = 'policy-compiler KV_compiled';

/** What can happen to a cluster of three, one after the other, to one control plane. */
export function clusterStories(start: () => ControlPlane): void {
  let plane: ControlPlane;
  beforeAll(() => {
    plane = start();
  });

  const node = (name: string): NatsNode => {
    const found = plane.nats.nodes.find((each) => each.name === name);
    if (found === undefined) throw new Error(`no server ${name}`);
    return found;
  };
  /** The groups by name, as their leaders among these servers see them. */
  const led = async (among: readonly NatsNode[]): Promise<ReadonlyMap<string, Group>> => {
    const views = await Promise.all(
      among.map(async ({ name, ...rest }) => ({ name, groups: await groupsOf({ name, ...rest }) })),
    );
    const names = new Set(views.flatMap(({ groups }) => [...groups.keys()]));
    return new Map(
      [...names].map((group) => {
        const own = views.find(({ name, groups }) => groups.get(group)?.leader === name);
        return [group, own?.groups.get(group) ?? { leader: '', isHealthy: false }];
      }),
    );
  };
  /** Resolves when the cluster and all its streams have leaders among these. */
  const elected = async (alive: readonly NatsNode[]): Promise<number> => {
    await until('leaders are elected', electionMsMax, async () =>
      [...(await led(alive)).values()].every(({ leader }) => leader !== ''),
    );
    return Date.now();
  };
  /** Resolves when every server has everything again. */
  const healthy = (): Promise<void> =>
    until('the cluster is whole', electionMsMax, async () =>
      [...(await led(plane.nats.nodes)).values()].every(({ isHealthy }) => isHealthy),
    );
  const leaderOf = async (group: string): Promise<NatsNode> =>
    node((await led(plane.nats.nodes)).get(group)?.leader ?? 'nobody');
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
        await healthy();
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
      await healthy();
      const paused = await leaderOf(compiled);
      paused.pause();
      plane.allow('late', 'buyer');
      await until('buyer may call late', 40_000, buyerMayCallLate);
      expect(heard.removals()).toEqual([]);
      paused.resume();
      await elected(plane.nats.nodes);
      plane.allow('late', 'buyer', 'shop');
      await until('shop may call late', 20_000, () => mayCall(plane.proxies.shop, 'late'));
      expect(heard.removals()).toEqual([]);
      await takeBack();
      await heard.same();
    },
    120_000,
  );

  it.sequential(
    'loses its majority and gets it back: proxies keep what they have, and metrics tell',
    async () => {
      const heard = listenTo(plane.proxies);
      await healthy();
      const two = plane.nats.nodes.slice(1);
      for (const each of two) each.pause();
      plane.allow('late', 'buyer');
      // A member that leads all of the streams goes on answering for up to 20 s before it notices that it is alone.
      await until(
        'the metrics tell',
        60_000,
        async () => !(await isSynced(plane.services, 'xds-server')),
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
