import { MeshError } from '@osm/prelude';
import { createMetrics } from '@osm/telemetry';
import { describe, expect, it } from 'vitest';
import { createMemoryBus } from '../testing/memory-bus.ts';
import type { Subject } from './bus.ts';

const text = {
  encode: (value: string) => ({ finish: () => new TextEncoder().encode(value) }),
  decode: (bytes: Uint8Array) => new TextDecoder().decode(bytes),
};
const echo: Subject<string, string> = { name: 'osm.test.echo', request: text, response: text };
const { signal } = new AbortController();

describe('requests', () => {
  it('come with the name of who asks', async () => {
    const hub = createMemoryBus();
    hub.connect().respond(echo, async (_, { asker }) => asker, { signal });
    const ask = (service: string) => hub.connect({ service }).request(echo, 'who am I');
    expect(await ask('injector')).toEqual({ kind: 'ok', value: 'injector' });
    expect(await ask('xds-server')).toEqual({ kind: 'ok', value: 'xds-server' });
  });

  it('of one asker in any number do not keep another waiting', async () => {
    const hub = createMemoryBus();
    const metrics = createMetrics();
    let running = 0;
    hub.connect({ metrics }).respond(
      echo,
      async (value, { asker }) => {
        if (asker === 'polite') return value;
        running += 1;
        return new Promise(() => undefined);
      },
      { signal },
    );
    const rude = hub.connect({ service: 'rude' });
    const answers = Array.from({ length: 3_000 }, () => rude.request(echo, '', { timeoutMs: 500 }));
    expect(await hub.connect({ service: 'polite' }).request(echo, 'hello')).toEqual({
      kind: 'ok',
      value: 'hello',
    });
    const codes = (await Promise.all(answers)).map((answer) =>
      answer.kind === 'error' ? MeshError.from(answer.error).code : 'answered',
    );
    // 32 are worked on, 2,048 wait, the others are told at once to come back later.
    expect(running).toBe(32);
    expect(codes.filter((code) => code === 'bus_unavailable')).toHaveLength(3_000 - 32 - 2_048);
    expect((await metrics.render()).body).toContain(
      'osm_bus_rejected_requests_total{subject="osm.test.echo",reason="overloaded"} 920',
    );
  });
});
