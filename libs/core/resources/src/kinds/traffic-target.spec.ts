import { TrafficTargetRule_Kind } from '@osm/proto-mesh';
import { describe, expect, it } from 'vitest';
import { parseOne, parseSpec, type ParsedOne } from '../../testing/parse-one.ts';

const target = (spec: string, version = 'v1alpha3'): ParsedOne =>
  parseSpec(`access.smi-spec.io/${version}`, 'TrafficTarget', spec);

const destination = 'destination: {kind: ServiceAccount, name: web, namespace: shop}';
const rules = 'rules: [{kind: HTTPRouteGroup, name: g, matches: [a]}]';
const sources = 'sources: [{kind: ServiceAccount, name: cli, namespace: shop}]';

describe('TrafficTarget', () => {
  it.each(['v1alpha3', 'v1alpha2'])('is read as %s, sorted, each source once', (version) => {
    expect(
      target(
        `
  ${destination}
  rules:
  - {kind: TCPRoute, name: t}
  - {kind: HTTPRouteGroup, name: h}
  - {kind: HTTPRouteGroup, name: g, matches: [b, a, b]}
  sources:
  - {kind: ServiceAccount, name: z, namespace: shop}
  - {kind: ServiceAccount, name: a, namespace: shop}
  - {kind: ServiceAccount, name: z, namespace: shop}
  - {kind: ServiceAccount, name: b, namespace: other}
`,
        version,
      ),
    ).toEqual({
      value: {
        namespace: 'shop',
        name: 'x',
        destination: { namespace: 'shop', name: 'web' },
        sources: [
          { namespace: 'other', name: 'b' },
          { namespace: 'shop', name: 'a' },
          { namespace: 'shop', name: 'z' },
        ],
        rules: [
          {
            kind: TrafficTargetRule_Kind.HTTP_ROUTE_GROUP,
            name: 'g',
            matches: ['a', 'b'],
            matchesOmitted: false,
          },
          {
            kind: TrafficTargetRule_Kind.HTTP_ROUTE_GROUP,
            name: 'h',
            matches: [],
            matchesOmitted: true,
          },
          { kind: TrafficTargetRule_Kind.TCP_ROUTE, name: 't', matches: [], matchesOmitted: true },
        ],
      },
      told: [],
      refused: false,
    });
  });

  it('is read as v1alpha1, with its fields beside metadata or under spec', () => {
    const fields = `${destination}\nspecs: [{kind: TCPRoute, name: t}]\n${sources}`;
    const old = parseOne(
      `apiVersion: access.smi-spec.io/v1alpha1\nkind: TrafficTarget\nmetadata: {name: x, namespace: shop}\n${fields}`,
    );
    expect(old).toEqual(target(`{${fields.replaceAll('\n', ', ')}}`, 'v1alpha1'));
    expect(old).toMatchObject({ value: { rules: [{ name: 't' }] }, told: [] });
  });

  it('is not opened wider than it was by ignoring the port of v1alpha1', () => {
    const withPort = destination.replace('}', ', port: 8080}');
    const { told, refused } = target(`{${withPort}, specs: [], ${sources}}`, 'v1alpha1');
    expect([refused, told]).toEqual([
      true,
      [
        expect.stringContaining(
          'spec.destination.port is not supported; name the port in a TCPRoute',
        ),
      ],
    ]);
  });

  it.each([
    ['namespace: other', 'spec.destination.namespace is other, but must be shop'],
    ['namespace: ""', 'spec.destination.namespace is missing, but must be shop'],
  ])('must live in the namespace of its destination, unlike %s', (namespace, message) => {
    const elsewhere = destination.replace('namespace: shop', namespace);
    const { told, refused } = target(`{${elsewhere}, ${rules}, ${sources}}`);
    expect(refused).toBe(true);
    expect(told).toEqual([
      expect.stringContaining(`namespace_mismatch: TrafficTarget shop/x: ${message}`),
    ]);
  });

  it('allows accounts only, and leaves out what can never match', () => {
    const { value, told } = target(`
  ${destination}
  ${rules}
  sources:
  - {kind: Group, name: g, namespace: shop}
  - {kind: ServiceAccount, name: nowhere}
  - {kind: ServiceAccount, name: cli, namespace: shop}
`);
    expect(value).toMatchObject({ sources: [{ namespace: 'shop', name: 'cli' }] });
    expect(told).toEqual([
      expect.stringContaining(
        'unsupported_reference: TrafficTarget shop/x: spec.sources[0].kind is Group',
      ),
      expect.stringContaining(
        'source_without_namespace: TrafficTarget shop/x: spec.sources[1].namespace',
      ),
    ]);
  });

  it('allows nobody without sources, and says so', () => {
    const { value, told } = target(`{${destination}, ${rules}, sources: []}`);
    expect(value).toMatchObject({ sources: [] });
    expect(told).toEqual([expect.stringContaining('no_sources: ')]);
  });

  it('leaves out rules of kinds that it does not route', () => {
    const { value, told } = target(
      `{${destination}, ${sources}, rules: [{kind: UDPRoute, name: u}, {kind: TCPRoute, name: t}]}`,
    );
    expect(value).toMatchObject({ rules: [{ name: 't' }] });
    expect(told).toEqual([expect.stringContaining('spec.rules[0].kind is UDPRoute')]);
  });

  it.each([
    [`{${destination}, ${sources}}`, ['spec.rules is required']],
    [`{${destination}, ${rules}}`, ['spec.sources is required']],
    [`{${rules}, ${sources}}`, ['spec.destination is required']],
    [`{${destination}, ${sources}, rules: [{name: g}]}`, ['spec.rules[0].kind is required']],
    [
      `{destination: {kind: User, name: a, namespace: shop}, ${rules}, ${sources}}`,
      ['must be ServiceAccount'],
    ],
    ['{destination: x, rules: y, sources: z}', ['be a map', 'be a list', 'be a list']],
  ])('refuses %s', (spec, messages) => {
    const { value, told, refused } = target(spec);
    expect([value, refused]).toEqual([undefined, true]);
    expect(told).toHaveLength(messages.length);
    for (const message of messages) {
      expect(told).toContainEqual(expect.stringContaining(message));
    }
  });

  it('names fields that it does not know', () => {
    const { value, told } = target(
      `{${destination}, ${sources}, rules: [{kind: HTTPRouteGroup, name: g, match: [a]}]}`,
    );
    expect(value).toBeDefined();
    expect(told).toEqual([
      'unknown_field: TrafficTarget shop/x: spec.rules[0].match is not a field of this kind and is ignored; did you mean matches?',
    ]);
  });
});
