import { Injection } from '@osm/proto-mesh';
import { describe, expect, it } from 'vitest';
import { parseOne, type ParsedOne } from '../../testing/parse-one.ts';

const namespace = (labels: string, annotations = ''): ParsedOne =>
  parseOne(`
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {${labels}}, annotations: {${annotations}}}
`);

const member = 'openservicemesh.io/monitored-by: osm';

describe('Namespace', () => {
  it('is in the catalog when this mesh monitors it', () => {
    expect(namespace(member)).toEqual({
      value: {
        name: 'shop',
        injection: Injection.INJECTION_UNSET,
        injectionText: '',
        metrics: false,
        ignored: false,
      },
      told: [],
      refused: false,
    });
    expect(namespace('').value).toBeUndefined();
    expect(namespace('openservicemesh.io/monitored-by: other')).toEqual({
      value: undefined,
      told: [],
      refused: false,
    });
  });

  it.each([
    ['enabled', Injection.INJECTION_ENABLED],
    ['Yes', Injection.INJECTION_ENABLED],
    ['"TRUE"', Injection.INJECTION_ENABLED],
    ['disabled', Injection.INJECTION_DISABLED],
    ['"no"', Injection.INJECTION_DISABLED],
    ['"false"', Injection.INJECTION_DISABLED],
  ])('reads injection %s', (text, injection) => {
    const { value, told } = namespace(member, `openservicemesh.io/sidecar-injection: ${text}`);
    expect(value).toMatchObject({ injection, injectionText: '' });
    expect(told).toEqual([]);
  });

  it.each(['""', 'maybe'])('keeps the text of an injection that says neither: %s', (text) => {
    const { value, told } = namespace(member, `openservicemesh.io/sidecar-injection: ${text}`);
    expect(value).toMatchObject({
      injection: Injection.INJECTION_INVALID,
      injectionText: text.replaceAll('"', ''),
    });
    expect(told).toEqual([
      'invalid_annotation: Namespace shop: metadata.annotations has openservicemesh.io/sidecar-injection that is neither enabled nor disabled; pods in this namespace are refused until it is',
    ]);
  });

  it('reads metrics, where empty means off', () => {
    const metrics = (text: string) => namespace(member, `openservicemesh.io/metrics: ${text}`);
    expect(metrics('enabled').value).toMatchObject({ metrics: true });
    expect(metrics('""')).toMatchObject({ value: { metrics: false }, told: [] });
    expect(metrics('2x')).toMatchObject({ value: { metrics: false } });
    expect(metrics('2x').told).toHaveLength(1);
  });

  it('is ignored by the webhooks with the label, whatever its value', () => {
    expect(namespace(`${member}, openservicemesh.io/ignore: ""`).value).toMatchObject({
      ignored: true,
    });
  });

  it('refuses labels that are not text', () => {
    expect(namespace(`${member}, version: 1`)).toEqual({
      value: undefined,
      told: [
        'wrong_type: Namespace shop: metadata.labels.version must be text, not 1: put it in quotes',
      ],
      refused: true,
    });
  });
});
