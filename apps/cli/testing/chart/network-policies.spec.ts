import { beforeAll, expect, it } from 'vitest';
import { describeChart, ofKind, podsIn, renderChart, type RenderedPod } from './render-chart.ts';

// No cluster of the tests enforces NetworkPolicies, so what they say is worked out here, by the rules of Kubernetes.

interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly { key: string; operator: string; values: string[] }[];
}
interface Rule {
  readonly ports?: readonly { readonly port: string | number }[];
  readonly from?: readonly { readonly podSelector: Selector }[];
  readonly to?: readonly { readonly podSelector: Selector }[];
}
interface Policy {
  readonly podSelector: Selector;
  readonly policyTypes: readonly string[];
  readonly ingress?: readonly Rule[];
  readonly egress?: readonly Rule[];
}

let pods: ReadonlyMap<string, RenderedPod>;
let policies: readonly Policy[];

function selects({ matchLabels = {}, matchExpressions = [] }: Selector, pod: RenderedPod): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => pod.labels[key] === value) &&
    matchExpressions.every(({ key, operator, values }) => {
      expect(operator).toBe('In');
      return values.includes(pod.labels[key] ?? '');
    })
  );
}

function mayPass(
  side: 'Ingress' | 'Egress',
  { of, other, port }: { of: RenderedPod; other: RenderedPod | undefined; port: string },
): boolean {
  const own = policies.filter(
    ({ podSelector, policyTypes }) => policyTypes.includes(side) && selects(podSelector, of),
  );
  if (own.length === 0) return true;
  const rules = own.flatMap(
    (policy) => (side === 'Ingress' ? policy.ingress : policy.egress) ?? [],
  );
  return rules.some(({ ports, from, to }) => {
    const peers = side === 'Ingress' ? from : to;
    const peerFits =
      peers === undefined ||
      (other !== undefined && peers.some(({ podSelector }) => selects(podSelector, other)));
    return peerFits && (ports === undefined || ports.some((each) => each.port === port));
  });
}

/** May a pod of the chart, or somebody else, reach a named port of another? */
function reaches(from: string, to: string, port: string): boolean {
  const target = pods.get(to);
  if (target === undefined) throw new Error(`no pod ${to}`);
  const source = pods.get(from);
  const names = target.spec.containers.flatMap(({ ports = [] }) => ports.map(({ name }) => name));
  expect(names).toContain(port);
  return (
    (source === undefined || mayPass('Egress', { of: source, other: target, port })) &&
    mayPass('Ingress', { of: target, other: source, port })
  );
}

const services = ['catalog-watcher', 'certificate-manager', 'controller', 'injector'];

describeChart('network policies', () => {
  beforeAll(() => {
    const objects = renderChart('osm.networkPolicies=true');
    pods = podsIn(objects);
    policies = [...ofKind(objects, 'NetworkPolicy').values()].map(
      ({ spec }) => spec as unknown as Policy,
    );
  });

  it.each([...services, 'policy-compiler'])('let osm-%s reach the bus', (name) => {
    expect(reaches(`osm-${name}`, 'osm-nats', 'nats')).toBe(true);
  });

  it('let servers of the bus find each other', () => {
    expect(reaches('osm-nats', 'osm-nats', 'cluster')).toBe(true);
  });

  it.each([
    ['osm-controller', 'ads'],
    ['osm-injector', 'webhook'],
    ['osm-catalog-watcher', 'validator'],
    ['osm-policy-compiler', 'http'],
  ])('let everybody reach %s at %s', (name, port) => {
    expect(reaches('somebody', name, port)).toBe(true);
  });

  it.each([
    ['somebody', 'osm-nats', 'nats'],
    ['somebody', 'osm-nats', 'cluster'],
    ['somebody', 'osm-nats', 'monitor'],
    ['osm-controller', 'osm-nats', 'cluster'],
    ['osm-controller', 'osm-injector', 'webhook'],
    ['osm-bootstrap', 'osm-nats', 'nats'],
  ])('keep %s from %s at %s', (from, to, port) => {
    expect(reaches(from, to, port)).toBe(false);
  });
});
