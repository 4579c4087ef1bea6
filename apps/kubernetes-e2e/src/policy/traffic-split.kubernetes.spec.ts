import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, type Call, type Caller } from '../harness/calls.ts';
import { apply, remove, type Manifest } from '../harness/kubectl.ts';
import { changeMeshConfig, useMesh } from '../harness/mesh.ts';
import { allReady, podsOf } from '../harness/pods.ts';
import { httpRoutes, tcpRoute, trafficSplit, trafficTarget } from '../harness/policy.ts';
import { openStory, type Story } from '../harness/story.ts';
import { workload } from '../harness/workloads.ts';
import { until } from '../harness/waiting.ts';

const ports = [
  { name: 'http', port: 80, targetPort: 8080 },
  { name: 'tcp-echo', port: 9000 },
];
const clients = ['client-1', 'client-2'];

interface Shop {
  readonly clients: readonly Caller[];
  readonly policy: readonly Manifest[];
  readonly host: string;
  readonly pods: readonly string[];
}

/** So many servers behind a root service that none of them is, a split over all, and clients that may use them. */
async function openShop(
  story: Story,
  { servers, replicas, account }: { servers: number; replicas: number; account?: string },
): Promise<Shop> {
  const namespace = await story.namespace('servers');
  const home = await story.namespace('clients');
  const names = Array.from({ length: servers }, (_, i) => `server-${i + 1}`);
  const accounts = account === undefined ? names : [account];
  // Apart: as OSM, a TCPRoute beside an HTTPRouteGroup says at which ports the routes hold.
  const rules = {
    http: { kind: 'HTTPRouteGroup', name: 'routes', matches: ['all'] },
    tcp: { kind: 'TCPRoute', name: 'echo' },
  };
  const sources = clients.map((name) => ({ name, namespace: home }));
  const policy = [
    httpRoutes({ name: 'routes', namespace }),
    tcpRoute({ name: 'echo', namespace }, [9000]),
    ...accounts.flatMap((name) =>
      Object.entries(rules).map(([kind, rule]) =>
        trafficTarget({ name: `${name}-${kind}`, namespace }, { name, namespace }, sources, [rule]),
      ),
    ),
  ];
  const root = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'shop', namespace },
    spec: { selector: { shop: 'all' }, ports },
  };
  const podLabels = { shop: 'all' };
  const serves = ['http:8080', 'echo:9000'];
  await apply(
    ...names.flatMap((name) =>
      workload({
        name,
        namespace,
        serves,
        ports,
        replicas,
        podLabels,
        ...(account === undefined ? {} : { account }),
      }),
    ),
    ...clients.flatMap((name) => workload({ name, namespace: home })),
    root,
    trafficSplit(
      { name: 'split', namespace },
      'shop',
      Object.fromEntries(names.map((name) => [name, Math.floor(100 / servers)])),
    ),
    ...policy,
  );
  await allReady(namespace, home);
  const pods = (await podsOf(namespace)).map(({ metadata }) => metadata.name);
  return {
    clients: clients.map((app) => ({ namespace: home, app })),
    policy,
    host: `shop.${namespace}`,
    pods,
  };
}

const count = 40;
const limitMs = 30_000;

/** Every pod answers each of the clients, and nothing but answers comes. */
async function allPodsAnswer(shop: Shop, request: Call): Promise<void> {
  for (const client of shop.clients) {
    const seen = new Set<string>();
    const words = new Set<string>();
    await until(`${client.app} sees all pods behind ${shop.host}`, limitMs, async () => {
      const answer = await call(client, { ...request, count });
      const isHttp = 'url' in request;
      for (const pod of Object.keys(isHttp ? answer.by : answer.words)) seen.add(pod);
      for (const word of isHttp ? Object.keys(answer.words) : []) words.add(word);
      const missing = shop.pods.filter((pod) => !seen.has(pod));
      return missing.length === 0
        ? undefined
        : `${missing.join(', ')} not yet: ${JSON.stringify(answer.words)} ${answer.text}`;
    });
    expect([...words, ...[...seen].filter((pod) => !shop.pods.includes(pod))]).toEqual(
      'url' in request ? ['200'] : [],
    );
  }
}

describe('trafficsplit: five servers of two pods each', () => {
  const story = openStory();
  afterAll(story.end);
  let shop: Shop;

  beforeAll(async () => {
    await useMesh();
    shop = await openShop(story, { servers: 5, replicas: 2 });
  });

  it('spreads HTTP over all pods of all of them', () =>
    allPodsAnswer(shop, { url: `http://${shop.host}/` }));

  it('spreads TCP over all pods of all of them', () =>
    allPodsAnswer(shop, { tcp: `${shop.host}:9000`, send: 'who' }));

  it('spreads the same in permissive mode, without policy', async () => {
    await changeMeshConfig({ traffic: { enablePermissiveTrafficPolicyMode: true } });
    await remove(...shop.policy);
    await allPodsAnswer(shop, { url: `http://${shop.host}/` });
    await changeMeshConfig({ traffic: { enablePermissiveTrafficPolicyMode: false } });
  });
});

describe('trafficsplit_same_sa: backends that share one account', () => {
  const story = openStory();
  afterAll(story.end);

  it('spreads over all pods of all of them', async () => {
    await useMesh();
    const shop = await openShop(story, { servers: 3, replicas: 1, account: 'shared' });
    await allPodsAnswer(shop, { url: `http://${shop.host}/` });
  });
});
