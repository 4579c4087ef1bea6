import { describe, expect, it } from 'vitest';
import { parseOne, parseSpec, type ParsedOne } from '../../testing/parse-one.ts';

const route = (spec: string, version = 'v1alpha4'): ParsedOne =>
  parseSpec(`specs.smi-spec.io/${version}`, 'TCPRoute', spec);

describe('TCPRoute', () => {
  it('has target ports, sorted', () => {
    expect(route('{matches: {ports: [9100, 80, 9100]}}')).toEqual({
      value: { namespace: 'shop', name: 'x', matches: [{ name: '', ports: [80, 9100] }] },
      told: [],
      refused: false,
    });
  });

  it('has any port with an empty list', () => {
    expect(route('{matches: {ports: []}}').value).toMatchObject({ matches: [{ ports: [] }] });
  });

  it('may have a list of matches', () => {
    expect(route('{matches: [{name: a, ports: [1]}, {name: b, ports: [2]}]}').value).toMatchObject({
      matches: [
        { name: 'a', ports: [1] },
        { name: 'b', ports: [2] },
      ],
    });
  });

  it.each(['v1alpha3', 'v1alpha2', 'v1alpha1'])('has any port as %s', (version) => {
    const any = { namespace: 'shop', name: 'x', matches: [{ name: '', ports: [] }] };
    expect(route('{}', version)).toEqual({ value: any, told: [], refused: false });
    expect(
      parseOne(
        `{apiVersion: specs.smi-spec.io/${version}, kind: TCPRoute, metadata: {name: x, namespace: shop}}`,
      ).value,
    ).toEqual(any);
  });

  it.each([
    ['{}', 'spec.matches is required'],
    ['{matches: {}}', 'spec.matches.ports is required'],
    ['{matches: {ports: ["80"]}}', 'spec.matches.ports[0] must be a whole number'],
    ['{matches: {ports: [0]}}', 'spec.matches.ports[0] must be a whole number from 1'],
    ['{matches: 80}', 'spec.matches must be a map, not 80'],
  ])('refuses %s: it must not be taken for any port', (spec, message) => {
    const { value, told, refused } = route(spec);
    expect([value, refused]).toEqual([undefined, true]);
    expect(told).toEqual([expect.stringContaining(message)]);
  });
});
