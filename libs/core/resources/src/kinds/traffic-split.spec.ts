import { describe, expect, it } from 'vitest';
import { parseSpec, type ParsedOne } from '../../testing/parse-one.ts';

const split = (spec: string, version = 'v1alpha2'): ParsedOne =>
  parseSpec(`split.smi-spec.io/${version}`, 'TrafficSplit', spec);

const backends = (...weights: readonly string[]): string =>
  `{service: web, backends: [${weights.map((weight, index) => `{service: b${index}, weight: ${weight}}`).join(', ')}]}`;

const weightsOf = ({ value }: ParsedOne): readonly number[] | undefined =>
  value !== undefined && 'backends' in value
    ? value.backends.map(({ weight }) => weight)
    : undefined;

describe('TrafficSplit', () => {
  it.each(['v1alpha4', 'v1alpha3', 'v1alpha2'])('has whole weights as %s', (version) => {
    expect(
      split(
        '{service: web, backends: [{service: v2, weight: 0}, {service: v1, weight: 90}]}',
        version,
      ),
    ).toEqual({
      value: {
        namespace: 'shop',
        name: 'x',
        service: 'web',
        backends: [
          { service: 'v1', weight: 90 },
          { service: 'v2', weight: 0 },
        ],
      },
      told: [],
      refused: false,
    });
  });

  it.each([
    [
      ['1', '9'],
      [1, 9],
    ],
    [
      ['900m', '100m'],
      [900, 100],
    ],
    [
      ['1', '500m'],
      [1000, 500],
    ],
    [
      ['"2"', '0.5'],
      [2000, 500],
    ],
    [
      ['1000m', '0'],
      [1, 0],
    ],
    [
      ['0.0004', '0.9996'],
      [1, 1000],
    ],
  ])('has quantities as v1alpha1: %s', (weights, expected) => {
    expect(weightsOf(split(backends(...weights), 'v1alpha1'))).toEqual(expected);
  });

  it.each(['-1', '1k', 'x', '""', '[1]'])('refuses the quantity %s', (weight) => {
    expect(split(backends(weight), 'v1alpha1')).toMatchObject({ refused: true, value: undefined });
  });

  it.each([
    [backends('-1'), 'weight must be a whole number from 0'],
    [backends('0.5'), 'weight must be a whole number from 0'],
    [backends('"5"'), 'weight must be a whole number, not the text "5": take the quotes away'],
    [backends('null'), 'weight is required'],
    [backends('4294967295', '1'), 'spec.backends must not weigh more than 4294967295 together'],
    ['{service: web}', 'spec.backends is required'],
    ['{backends: []}', 'spec.service is required'],
    ['{service: web.shop, backends: []}', 'spec.service must be the bare name of a service'],
    ['{service: "", backends: []}', 'spec.service must not be empty'],
  ])('refuses %s', (spec, message) => {
    const { value, told, refused } = split(spec);
    expect([value, refused]).toEqual([undefined, true]);
    expect(told).toEqual([expect.stringContaining(message)]);
  });

  it('ignores matches, and says so', () => {
    const { value, told } = split(
      '{service: web, backends: [], matches: [{kind: HTTPRouteGroup, name: g}]}',
      'v1alpha4',
    );
    expect(value).toBeDefined();
    expect(told).toEqual([
      expect.stringContaining('unsupported_field: TrafficSplit shop/x: spec.matches'),
    ]);
  });

  it('adds up a backend that is named twice', () => {
    const { value, told } = split(
      '{service: web, backends: [{service: a, weight: 1}, {service: a, weight: 2}]}',
    );
    expect(value).toMatchObject({ backends: [{ service: 'a', weight: 3 }] });
    expect(told).toEqual([expect.stringContaining('duplicate_name: ')]);
  });
});
