import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMetrics, type Logger } from '@osm/telemetry';
import { createReadiness } from '@osm/runtime';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Config } from './config.ts';
import { runAgent } from './service.ts';

const silent = {
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
} as unknown as Logger;

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'osm-agent-'));
});
afterEach(() => rm(home, { recursive: true }));

function run(signal: AbortSignal, readiness = createReadiness()) {
  const config: Config = {
    xdsAddress: ['127.0.0.1:1'],
    trustDomain: 'cluster.local',
    bootstrapDirectory: home,
    directory: join(home, 'shared'),
  };
  const context = { config, log: silent, metrics: createMetrics({ process: false }), readiness };
  const clock = { after: () => () => undefined };
  return runAgent({ ...context, signal } as unknown as Parameters<typeof runAgent>[0], { clock });
}

describe('the agent', () => {
  it('has bootstrap and socket at once, and is not ready without an identity', async () => {
    await writeFile(join(home, 'bootstrap.yaml'), '{"node":{"id":"uuid-1"}}');
    const abort = new AbortController();
    const readiness = createReadiness();
    const done = run(abort.signal, readiness);
    await vi.waitFor(() => stat(join(home, 'shared/bootstrap.json')));
    expect((await stat(join(home, 'shared/xds.sock'))).isSocket()).toBe(true);
    expect([...readiness.missing()].map(([gate]) => gate)).toEqual(['identity', 'trust']);
    abort.abort();
    await done;
  });

  it('says which file is not a bootstrap', async () => {
    await writeFile(join(home, 'bootstrap.yaml'), '{}');
    await expect(run(new AbortController().signal)).rejects.toThrow(
      `${join(home, 'bootstrap.yaml')} is not the bootstrap of a proxyless pod`,
    );
  });
});
