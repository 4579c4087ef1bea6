import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  bookstore,
  describeProviderContract,
  issuedFacts,
  requestFor,
} from '../testing/provider-contract.ts';
import { createBuiltInCa } from './built-in-ca.ts';

let directory: string;
const nowMs = Date.UTC(2030, 0, 1);

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'osm-ca-'));
});
afterAll(() => rm(directory, { recursive: true }));

function create(options: { minValidityMs?: number; nowMs?: number } = {}) {
  return createBuiltInCa({
    directory,
    trustDomain: 'cluster.local',
    minValidityMs: options.minValidityMs ?? 600_000,
    clock: { now: () => options.nowMs ?? nowMs },
  });
}

describeProviderContract('the built-in CA', () => create());

describe('the built-in CA', () => {
  it('gives services a day and proxies ten years unless asked', async () => {
    const ca = await create();
    const proxy = {
      uuid: '0b6c3d0e-6ea1-4f6f-9d5c-8d2f3a1b4c5d',
      namespace: 'shop',
      serviceAccount: 'bookstore',
    };
    const service = issuedFacts(await ca.sign(await requestFor(bookstore)));
    const bootstrap = issuedFacts(
      await ca.sign(await requestFor({ kind: { $case: 'proxy', value: proxy } })),
    );
    expect(service.notAfterMs).toBe(nowMs + 24 * 3_600_000);
    expect(service.notBeforeMs).toBe(nowMs - 5 * 60_000);
    expect(bootstrap.notAfterMs).toBe(nowMs + 87_600 * 3_600_000);
  });

  it('issues seconds when the floor is seconds', async () => {
    const ca = await create({ minValidityMs: 1000 });
    const facts = issuedFacts(await ca.sign(await requestFor(bookstore, 5000)));
    expect(facts.notAfterMs).toBe(nowMs + 5000);
    expect(facts.notBeforeMs).toBe(nowMs - 1000);
  });

  it('never outlives its root', async () => {
    const rootEndMs = nowMs + 87_600 * 3_600_000;
    const ca = await create({ nowMs: rootEndMs - 3_600_000 });
    const facts = issuedFacts(await ca.sign(await requestFor(bookstore)));
    expect(facts.notAfterMs).toBe(rootEndMs);
  });

  it('keeps its root across restarts', async () => {
    expect((await create()).bundle()).toEqual((await create()).bundle());
  });
});
