import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buckets } from '@osm/bus';
import { createMemoryBus, type MemoryBusHub } from '@osm/bus/testing';
import type { CertificateSubject, SignResponse } from '@osm/proto-mesh';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { bookstore, issuedFacts } from '../testing/provider-contract.ts';
import {
  publishCatalog,
  refusalCode,
  sealed,
  send,
  type TestCatalog,
} from '../testing/questions.ts';
import { startReplica, type Replica } from '../testing/replica.ts';

let directory: string;
let hub: MemoryBusHub;
let replicas: Replica[];
let catalog: TestCatalog;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'osm-ca-'));
  hub = createMemoryBus();
  catalog = publishCatalog(hub);
  replicas = [];
});
afterEach(async () => {
  await Promise.all(replicas.map((replica) => replica.stop()));
  await rm(directory, { recursive: true });
});

function start(instance: string, caDirectory = directory): Replica {
  const replica = startReplica(hub, instance, caDirectory);
  replicas.push(replica);
  return replica;
}

async function sign(subject: CertificateSubject): Promise<SignResponse> {
  return send(hub, 'xds-server', await sealed('xds-server', subject));
}

const bundles = () => [...hub.contents(buckets.trust)];
const untilPublished = () => vi.waitFor(() => expect(hub.isComplete(buckets.trust)).toBe(true));

describe('the certificate manager', () => {
  it('publishes its root, answers requests and counts them', async () => {
    const { metrics, readiness } = start('a');
    await untilPublished();
    expect(bundles()).toEqual([
      [
        'bundle',
        {
          id: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
          trustDomain: 'cluster.local',
          rootsPem: [expect.stringContaining('BEGIN CERTIFICATE') as string],
        },
      ],
    ]);
    await vi.waitFor(() => expect(readiness.missing()).toEqual(new Map()));
    expect(issuedFacts(await sign(bookstore)).dnsNames).toEqual(['bookstore.shop.cluster.local']);
    expect(refusalCode(await sign({ kind: undefined }))).toBe('invalid_subject');
    const { body } = await metrics.render();
    expect(body).toContain('osm_cert_issued_count 1\n');
    expect(body).toContain('osm_cert_issued_time_count 1\n');
    expect(body).toContain('osm_cert_refused_count{asker="xds-server",code="invalid_subject"} 1\n');
  });

  it('gives nothing to who has no business to ask, and counts them together', async () => {
    const { metrics } = start('a');
    await untilPublished();
    const question = await sealed('xds-server', bookstore);
    expect(refusalCode(await send(hub, 'policy-compiler', question))).toBe('invalid_proof');
    expect(refusalCode(await send(hub, 'injector', question))).toBe('invalid_proof');
    expect(refusalCode(await send(hub, 'injector', await sealed('injector', bookstore)))).toBe(
      'forbidden',
    );
    expect(refusalCode(await send(hub, 'xds-server', question))).toBeUndefined();
    expect(refusalCode(await send(hub, 'xds-server', question))).toBe('replayed');
    const { body } = await metrics.render();
    expect(body).toContain('osm_cert_refused_count{asker="other",code="invalid_proof"} 1\n');
    expect(body).toContain('osm_cert_refused_count{asker="injector",code="forbidden"} 1\n');
    expect(body).toContain('osm_cert_refused_count{asker="xds-server",code="replayed"} 1\n');
  });

  it('waits for an account that is on its way, and forgets one that was deleted', async () => {
    start('a');
    await untilPublished();
    const late: CertificateSubject = {
      kind: { $case: 'workload', value: { namespace: 'shop', serviceAccount: 'late' } },
    };
    const answer = sign(late);
    await sign(bookstore);
    catalog.addAccount('late');
    expect(issuedFacts(await answer).dnsNames).toEqual(['late.shop.cluster.local']);
    catalog.removeAccount('late');
    await vi.waitFor(async () => expect(refusalCode(await sign(late))).toBe('unknown_identity'), {
      timeout: 15_000,
    });
    // What was lost on the bus is known all the same.
    hub.wipe();
    expect(refusalCode(await sign(bookstore))).toBeUndefined();
  }, 20_000);

  it('has one root in all replicas, and a follower takes over', async () => {
    const first = start('a');
    await untilPublished();
    const published = bundles();
    start('b');
    await first.stop();
    hub.wipe();
    await vi.waitFor(() => expect(bundles()).toEqual(published), { timeout: 10_000 });
    expect(issuedFacts(await sign(bookstore)).isAuthority).toBe(false);
  });

  it('keeps a replica with another root from answering, and says what is wrong', async () => {
    start('a');
    await untilPublished();
    const published = bundles();
    const other = await mkdtemp(join(tmpdir(), 'osm-ca-'));
    const stranger = start('b', other);
    await vi.waitFor(() =>
      expect(stranger.readiness.missing().get('published root')).toContain('same --ca-directory'),
    );
    for (let i = 0; i < 10; i++) await sign(bookstore);
    const { body } = await stranger.metrics.render();
    expect(body).toContain('osm_cert_issued_count 0\n');
    expect(bundles()).toEqual(published);
    await rm(other, { recursive: true });
  });

  it('says not ready while the bus is away, and puts the bundle back after a wipe', async () => {
    const { readiness } = start('a');
    await untilPublished();
    const published = bundles();
    hub.disconnect();
    expect([...readiness.missing().keys()]).toEqual(['bus']);
    hub.wipe();
    hub.reconnect();
    await vi.waitFor(() => expect(bundles()).toEqual(published), { timeout: 10_000 });
    await vi.waitFor(() => expect(readiness.missing().size).toBe(0));
  });

  it('ends with the name of a root file that it cannot use', async () => {
    await writeFile(join(directory, 'private.key'), 'x');
    const { done } = startReplica(hub, 'a', directory);
    await expect(done).rejects.toThrow(join(directory, 'private.key'));
  });
});
