import { createSeededRandom } from '@osm/testkit';
import { afterAll, describe, expect, it } from 'vitest';
import { openApiServer } from './open-api-server.ts';
import { electLeader } from './lease.ts';
import { resourcePath } from './resource-type.ts';
import { resourceTypes } from './resource-types.ts';

const server = openApiServer();
const name = `lease-spec-${Date.now().toString(36)}`;
const patience = { timeout: 15_000, interval: 5 };
const clock = {
  now: () => performance.now(),
  after: (ms: number, run: () => void) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

interface TestCandidate {
  readonly leads: () => boolean;
  /** Ends as a service does, and gives the lease back. */
  readonly end: () => Promise<void>;
}

function candidate(holder: string): TestCandidate {
  const end = new AbortController();
  let leading = false;
  const options = { namespace: 'default', name, holder, signal: end.signal, clock };
  const done = (async () => {
    const random = createSeededRandom(1);
    for await (const { kind } of electLeader(server, { ...options, random })) {
      leading = kind === 'acquired';
    }
    leading = false;
  })();
  return {
    leads: () => leading,
    end: async () => {
      end.abort();
      await done;
    },
  };
}

describe('election by a Lease', () => {
  afterAll(() =>
    server.ask({
      method: 'DELETE',
      path: resourcePath(resourceTypes.lease, { namespace: 'default', name }),
    }),
  );

  it('one leads; when it ends the other one leads at once; a foreign holder that is silent is followed within 5 s', async () => {
    const a = candidate('a');
    await expect.poll(a.leads, patience).toBe(true);
    const b = candidate('b');
    await expect.poll(b.leads, { timeout: 1_500, interval: 50 }).toBe(false);
    const ended = performance.now();
    await a.end();
    await expect.poll(b.leads, patience).toBe(true);
    expect(performance.now() - ended).toBeLessThan(2_000);

    const path = resourcePath(resourceTypes.lease, { namespace: 'default', name });
    const contentType = 'application/merge-patch+json';
    const body = { spec: { holderIdentity: 'dead', leaseDurationSeconds: 4 } };
    await server.ask({ method: 'PATCH', path, contentType, body });
    const died = performance.now();
    await expect.poll(b.leads, patience).toBe(false);
    await expect.poll(b.leads, patience).toBe(true);
    expect(performance.now() - died).toBeLessThan(5_000);
    await b.end();
  });
});
