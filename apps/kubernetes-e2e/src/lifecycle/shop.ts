import type { Caller } from '../harness/calls.ts';
import { apply, kubectl } from '../harness/kubectl.ts';
import { endLoad, loadOf, lostOf, restartLoad, type Load } from '../harness/load.ts';
import { allReady } from '../harness/pods.ts';
import { httpRoutes, trafficTarget } from '../harness/policy.ts';
import { until } from '../harness/waiting.ts';
import { loadWorkload, workload } from '../harness/workloads.ts';

/** A server under constant load from a client in the mesh, allowed by policy. */
export interface Shop {
  readonly namespace: string;
  /** The client, whose counts are asked for. */
  readonly load: Caller;
  /** Counts from now on what becomes of requests while something is done: how many there were. @throws Error when one was lost */
  readonly losesNothing: (what: () => Promise<void>) => Promise<Load>;
}

export const perSecond = 50;

export interface ShopOptions {
  readonly replicas: number;
  /** Does the client keep its connections, or make a new one for each request? */
  readonly connections: 'keep' | 'fresh';
  readonly graceSeconds?: number;
}

/** Opens a shop whose servers often take a moment to answer, so that requests are always on their way. */
export async function openShop(
  namespace: string,
  { replicas, connections, graceSeconds = 5 }: ShopOptions,
): Promise<Shop> {
  const server = { name: 'server', namespace };
  await apply(
    ...workload({
      ...server,
      replicas,
      graceSeconds,
      serves: ['http:8080'],
      ports: [{ name: 'http', port: 80, targetPort: 8080 }],
    }),
    ...loadWorkload({
      name: 'load',
      namespace,
      perSecond,
      connections,
      urls: [`http://server.${namespace}/`, `http://server.${namespace}/slow/100`],
    }),
    httpRoutes({ name: 'routes', namespace }),
    trafficTarget(
      { name: 'target', namespace },
      server,
      [{ name: 'load', namespace }],
      [{ kind: 'HTTPRouteGroup', name: 'routes', matches: ['all'] }],
    ),
  );
  await allReady(namespace);
  const load = { namespace, app: 'load' };
  await until('the load is answered', 30_000, async () => {
    await restartLoad(load);
    const { words } = await loadOf(load);
    return words['200'] !== undefined && Object.keys(words).length === 1
      ? undefined
      : JSON.stringify(words);
  });
  const losesNothing = async (what: () => Promise<void>): Promise<Load> => {
    await restartLoad(load);
    await what();
    // What takes but a moment says nothing about a load of which little was sent.
    await until(`the load has sent ${perSecond} requests`, 30_000, async () => {
      const { sent } = await loadOf(load);
      return sent >= perSecond ? undefined : `${sent}`;
    });
    const counted = await endLoad(load);
    const lost = lostOf(counted);
    if (lost !== undefined) throw new Error(`requests were lost: ${lost}`);
    return counted;
  };
  return { namespace, load, losesNothing };
}

/** `kubectl rollout restart` to its end. */
export async function restart(namespace: string, workload: string): Promise<void> {
  await kubectl('rollout', 'restart', '-n', namespace, workload);
  await kubectl('rollout', 'status', '-n', namespace, workload, '--timeout=120s');
}

export async function scale(namespace: string, workload: string, replicas: number): Promise<void> {
  await kubectl('scale', '-n', namespace, workload, `--replicas=${replicas}`);
}
