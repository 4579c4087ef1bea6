import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../testing/memory-bus.ts';
import { createServiceKey, renderCredentials } from './credentials.ts';
import { createNatsSecrets, type NatsSecrets } from './nats-secrets.ts';

const patience = { timeout: 10_000, interval: 10 };

describe('the files of a connection', () => {
  let directory = '';
  let secrets: NatsSecrets | undefined;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'osm-secrets-'));
  });
  afterEach(() => {
    secrets?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  /** Puts a version in place as Kubernetes does: a folder of its own, and one link that is replaced. */
  const mount = (version: string, contents: string): void => {
    mkdirSync(join(directory, version));
    writeFileSync(join(directory, version, 'credentials'), contents);
    symlinkSync(version, join(directory, '..data_tmp'));
    renameSync(join(directory, '..data_tmp'), join(directory, '..data'));
  };

  const watchMounted = (): { readonly changes: () => number; readonly seed: () => string } => {
    const credentialsFile = join(directory, 'credentials');
    const opened = createNatsSecrets({ credentialsFile, caFile: undefined, log: silentLogger });
    secrets = opened;
    let changes = 0;
    opened.onChange(() => (changes += 1));
    return { changes: () => changes, seed: () => new TextDecoder().decode(opened.seed()) };
  };

  it('are noticed when a mounted Secret is replaced, and a damaged one changes nothing', async () => {
    const [first, second] = [createServiceKey(), createServiceKey()];
    mount('..1', renderCredentials('injector', first.seed));
    symlinkSync(join('..data', 'credentials'), join(directory, 'credentials'));
    const { changes, seed } = watchMounted();
    expect(seed()).toBe(first.seed);
    mount('..2', renderCredentials('injector', second.seed));
    await expect.poll(changes, patience).toBe(1);
    expect(seed()).toBe(second.seed);
    mount('..3', 'half a');
    expect(seed()).toBe(second.seed);
    // The same contents again are no change: of what follows only the third version tells.
    mount('..4', renderCredentials('injector', second.seed));
    mount('..5', renderCredentials('injector', first.seed));
    await expect.poll(changes, patience).toBe(2);
    expect(seed()).toBe(first.seed);
  });

  it('have a name in the error while they were never good', () => {
    const { seed } = watchMounted();
    expect(seed).toThrow(join(directory, 'credentials'));
  });
});
