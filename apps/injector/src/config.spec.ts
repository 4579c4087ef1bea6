import { parseFlags } from '@osm/runtime';
import { describe, expect, it } from 'vitest';
import { flags } from './config.ts';

function parse(...argv: string[]) {
  return parseFlags(flags, ['--secret-directory', 'd', ...argv], {});
}

describe('--xds-address', () => {
  it.each([
    ['osm-controller.osm-system.svc:15128', [['osm-controller.osm-system.svc', 15128]]],
    [
      '10.0.0.1:1,10.0.0.2:2',
      [
        ['10.0.0.1', 1],
        ['10.0.0.2', 2],
      ],
    ],
    ['[::1]:15128', [['::1', 15128]]],
  ])('reads %s', (text, expected) => {
    expect(parse('--xds-address', text)).toMatchObject({
      value: { config: { xdsAddress: expected.map(([host, port]) => ({ host, port })) } },
    });
  });

  it('collects repeated flags', () => {
    expect(parse('--xds-address', 'a:1', '--xds-address', 'b:2')).toMatchObject({
      value: { config: { xdsAddress: [{ host: 'a' }, { host: 'b' }] } },
    });
  });

  it.each(['', 'a', 'a:0', 'a:65536', ':1', 'a b:1', 'a:1:2'])('refuses %j', (text) => {
    expect(parse('--xds-address', text)).toMatchObject({
      error: expect.stringContaining('--xds-address') as string,
    });
  });
});
