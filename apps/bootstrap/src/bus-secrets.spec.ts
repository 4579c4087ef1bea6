import { describe, expect, it } from 'vitest';
import { bootstrapBus } from './bus-secrets.ts';
import type { Secrets } from './secrets.ts';

type Texts = ReadonlyMap<string, string>;

const config = {
  busStep: 'create',
  meshNamespace: 'osm-system',
  natsHost: 'osm-nats',
  natsReplicas: 1,
} as const;

function memory() {
  const held = new Map<string, Texts>();
  const secrets: Secrets = {
    read: (name) => Promise.resolve(held.get(name)),
    create: (name, texts) => {
      if (held.has(name)) return Promise.resolve(false);
      held.set(name, texts);
      return Promise.resolve(true);
    },
    write: (name, texts) => {
      held.set(name, texts);
      return Promise.resolve();
    },
  };
  return { held, run: () => bootstrapBus(secrets, config, Date.UTC(2030, 0, 1)) };
}

describe('Secrets of the bus', () => {
  it('are made once, and again where one is missing', async () => {
    const { held, run } = memory();
    expect(await run()).toContain('osm-bus-injector');
    expect(await run()).toEqual([]);
    held.delete('osm-bus-injector');
    expect(await run()).toContain('osm-bus-injector');
    expect(held.get('osm-bus-injector')?.has('credentials')).toBe(true);
  });

  it('that are damaged are named, with the remedy', async () => {
    const { held, run } = memory();
    await run();
    held.set('osm-bus-injector', new Map([['credentials', 'garbage']]));
    await expect(run()).rejects.toThrow(
      /^Secret osm-bus-injector: credentials is not a credentials file: .* delete that Secret and run this again/,
    );
  });
});
