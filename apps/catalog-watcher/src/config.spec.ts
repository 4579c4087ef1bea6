import { parseFlags } from '@osm/runtime';
import { describe, expect, it } from 'vitest';
import { flags } from './config.ts';

describe('flags of the catalog watcher', () => {
  it('have defaults: the Kubernetes API, unless directories are given', () => {
    expect(parseFlags(flags, [], {})).toMatchObject({ value: { config: { directory: [] } } });
    expect(parseFlags(flags, ['--directory', 'a'], {})).toMatchObject({
      value: {
        config: {
          directory: ['a'],
          meshName: 'osm',
          meshNamespace: 'osm-system',
          trustDomain: 'cluster.local',
          natsUrl: 'nats://127.0.0.1:4222',
        },
      },
    });
  });

  it('refuse what cannot be a trust domain', () => {
    const argv = ['--directory', 'a', '--trust-domain', 'Cluster.local'];
    expect(parseFlags(flags, argv, {})).toMatchObject({
      kind: 'error',
      error: expect.stringContaining('must be a DNS name in lower case') as string,
    });
  });

  it('keep the order of directories, which is that of the layers', () => {
    expect(parseFlags(flags, ['--directory', 'b', '--directory', 'a'], {})).toMatchObject({
      value: { config: { directory: ['b', 'a'] } },
    });
    expect(parseFlags(flags, [], { OSM_DIRECTORY: 'b,a' })).toMatchObject({
      value: { config: { directory: ['b', 'a'] } },
    });
  });
});
