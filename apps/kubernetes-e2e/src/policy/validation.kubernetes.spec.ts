import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apply, kubectl, kubectlJson, tryApply, type Manifest } from '../harness/kubectl.ts';
import { meshNamespace, useMesh } from '../harness/mesh.ts';
import { trafficSplit, trafficTarget } from '../harness/policy.ts';
import { openStory } from '../harness/story.ts';
import { until } from '../harness/waiting.ts';

const webhooks = 'validatingwebhookconfiguration/osm-validator-mesh-osm';

interface WithStatus extends Manifest {
  readonly status?: {
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason: string;
    }[];
  };
}

/** Until the condition `Accepted` of an object is as it should be. */
function accepted(status: string, reason: string, ...object: readonly string[]): Promise<void> {
  return until(`${object.join(' ')} is accepted: ${status}, ${reason}`, 20_000, async () => {
    const found = await kubectlJson<WithStatus>('get', ...object);
    const condition = found.status?.conditions?.find(({ type }) => type === 'Accepted');
    const said = `${condition?.status}, ${condition?.reason}`;
    return said === `${status}, ${reason}` ? undefined : said;
  });
}

describe('an object that makes no sense', () => {
  const story = openStory();
  afterAll(story.end);
  let shop: string;

  beforeAll(async () => {
    await useMesh();
    shop = await story.namespace('shop');
    // Of a namespace that joined just now the validator knows within moments.
    await accepting(shop);
  });

  it('is refused when it can have no effect: a target in another namespace than its destination', async () => {
    const destination = { name: 'store', namespace: 'elsewhere' };
    const source = { name: 'buyer', namespace: shop };
    const target = trafficTarget({ name: 'lost', namespace: shop }, destination, [source], []);
    const { status, errors } = await tryApply(target);
    expect(status).not.toBe(0);
    expect(errors).toContain(`spec.destination.namespace is elsewhere, but must be ${shop}`);
  });

  it('is refused when another one has what it wants, though both are applied in one go', async () => {
    const setting = (name: string): Manifest => ({
      apiVersion: 'policy.openservicemesh.io/v1alpha1',
      kind: 'UpstreamTrafficSetting',
      metadata: { name, namespace: shop },
      spec: { host: `store.${shop}.svc.cluster.local` },
    });
    const { status, errors } = await tryApply(setting('first'), setting('second'));
    expect(status).not.toBe(0);
    expect(errors).toContain(`UpstreamTrafficSetting ${shop}/first has spec.host`);
    await accepted('False', 'UnsupportedKind', 'upstreamtrafficsetting/first', '-n', shop);
  });

  it('is accepted with a warning when it only surprises, and its status and an Event say the same later', async () => {
    const split = trafficSplit({ name: 'share', namespace: shop }, 'store', { one: 0 });
    const { status, errors } = await tryApply(split);
    expect(status).toBe(0);
    expect(errors).toContain('Warning: TrafficSplit');
    expect(errors).toContain('answers 503');
    expect(errors).toContain(`there is no service ${shop}/store`);
    await accepted('False', 'SplitRootMissing', 'trafficsplit/share', '-n', shop);
    await until('an Event', 10_000, async () => {
      const events = await kubectl('get', 'events', '-n', shop, '-o', 'jsonpath={..reason}');
      return events.includes('split_root_missing') ? undefined : events;
    });
  });

  it('is refused also after somebody has broken the caBundle of the webhook: it is put right', async () => {
    const broken = [{ op: 'remove', path: '/webhooks/0/clientConfig/caBundle' }];
    await kubectl('patch', webhooks, '--type=json', '-p', JSON.stringify(broken));
    await accepting(shop);
  });

  it('in the MeshConfig is refused before it reaches the mesh', async () => {
    const spec = { certificate: { serviceCertValidityDuration: 'soon', certKeyBitSize: 2048 } };
    const { status, errors } = await tryApply({
      apiVersion: 'config.openservicemesh.io/v1alpha2',
      kind: 'MeshConfig',
      metadata: { name: 'osm-mesh-config', namespace: meshNamespace },
      spec,
    });
    expect(status).not.toBe(0);
    expect(errors).toContain('must be a duration such as 24h');
  });
});

describe('without a validator', () => {
  const story = openStory();
  let shop: string;
  beforeAll(async () => {
    await useMesh();
    shop = await story.namespace('shop');
    await kubectl('scale', '-n', meshNamespace, 'deployment/osm-catalog-watcher', '--replicas=0');
    await kubectl(
      ...['wait', '-n', meshNamespace, 'pod', '-l', 'app=osm-catalog-watcher'],
      ...['--for=delete', '--timeout=60s'],
    );
  });
  afterAll(async () => {
    await kubectl('scale', '-n', meshNamespace, 'deployment/osm-catalog-watcher', '--replicas=1');
    await kubectl('rollout', 'status', '-n', meshNamespace, 'deployment/osm-catalog-watcher');
    await story.end();
  });

  it('policy can still be changed; what slipped through is found later', async () => {
    const destination = { name: 'store', namespace: 'elsewhere' };
    await apply(trafficTarget({ name: 'lost', namespace: shop }, destination, [destination], []));
    await kubectl('scale', '-n', meshNamespace, 'deployment/osm-catalog-watcher', '--replicas=1');
    await accepted('False', 'NamespaceMismatch', 'traffictarget/lost', '-n', shop);
  });
});

/** The webhook answers, and knows the namespace: a split of nothing is warned about in the words for a known one. */
async function accepting(namespace: string): Promise<void> {
  const caBundles = '{.webhooks[*].clientConfig.caBundle}';
  const probe = trafficSplit({ name: 'probe', namespace }, 'nothing', { nobody: 1 });
  await until('the validator answers', 30_000, async () => {
    const bundles = await kubectl('get', webhooks, '-o', `jsonpath=${caBundles}`);
    if (bundles.split(' ').filter((each) => each !== '').length < 3) return 'no caBundle';
    const { errors } = await tryApply(probe);
    await kubectl('delete', 'trafficsplit', 'probe', '-n', namespace, '--ignore-not-found');
    return errors.includes('there is no service') ? undefined : `it said: ${errors}`;
  });
}
