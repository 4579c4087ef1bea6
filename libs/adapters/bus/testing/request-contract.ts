import { MeshError } from '@osm/prelude';
import { expect, it } from 'vitest';
import type { Bus } from '../src/bus.ts';
import { echo, patience, type ContractHub } from './contract-hub.ts';

/** Questions and answers. */
export function requestContract(connect: () => Bus, hub: () => ContractHub): void {
  const serve = (bus: Bus, handle: (request: string) => Promise<string>): AbortController => {
    const abort = new AbortController();
    bus.respond(echo, handle, { signal: abort.signal });
    return abort;
  };

  it('asks and answers', async () => {
    serve(connect(), async (request) => `you said ${request}`);
    const asker = connect();
    await expect
      .poll(() => asker.request(echo, 'hi'), patience)
      .toEqual({ kind: 'ok', value: 'you said hi' });
  });

  it('says bus_unavailable when nobody answers or the server is away', async () => {
    const bus = connect();
    await expect.poll(bus.connected, patience).toBe(true);
    const nobody = await bus.request(echo, 'hi');
    expect(nobody.kind === 'error' && MeshError.from(nobody.error).code).toBe('bus_unavailable');
    await hub().stop();
    await expect.poll(bus.connected, patience).toBe(false);
    const away = await bus.request(echo, 'hi');
    expect(away.kind === 'error' && MeshError.from(away.error).code).toBe('bus_unavailable');
  });

  it('says bus_timeout when the answer does not come', async () => {
    const asker = connect();
    serve(connect(), () => new Promise(() => undefined));
    const code = async (): Promise<string> => {
      const result = await asker.request(echo, 'hi', { timeoutMs: 50 });
      return result.kind === 'error' ? MeshError.from(result.error).code : 'answered';
    };
    await expect.poll(code, patience).toBe('bus_timeout');
  });

  it('spreads requests over the instances, each to one, and survives a restart', async () => {
    const counts = [0, 0];
    for (const index of [0, 1])
      serve(connect(), async (request) => {
        counts[index] = (counts[index] ?? 0) + 1;
        return request;
      });
    const asker = connect();
    const ask = async (): Promise<string> => (await asker.request(echo, 'hi')).kind;
    await expect.poll(ask, patience).toBe('ok');
    await expect
      .poll(async () => {
        await ask();
        return Math.min(...counts);
      }, patience)
      .toBeGreaterThan(0);
    const before = (counts[0] ?? 0) + (counts[1] ?? 0);
    const kinds = await Promise.all(Array.from({ length: 100 }, ask));
    expect(new Set(kinds)).toEqual(new Set(['ok']));
    expect((counts[0] ?? 0) + (counts[1] ?? 0) - before).toBe(100);
    await hub().stop();
    await hub().start();
    await expect.poll(ask, patience).toBe('ok');
  });

  it('does not answer a request whose handler failed, and goes on', async () => {
    serve(connect(), async (request) => {
      if (request === 'fail') throw new Error('no');
      return request;
    });
    const asker = connect();
    await expect.poll(async () => (await asker.request(echo, 'hi')).kind, patience).toBe('ok');
    expect((await asker.request(echo, 'fail', { timeoutMs: 100 })).kind).toBe('error');
    expect(await asker.request(echo, 'again')).toEqual({ kind: 'ok', value: 'again' });
  });
}
