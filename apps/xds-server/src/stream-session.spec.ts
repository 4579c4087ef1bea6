import { DeltaDiscoveryResponse } from '@osm/proto-envoy/discovery';
import type { BidiStream } from '@osm/rpc';
import { createFakeClock } from '@osm/testkit';
import {
  createConfigNode,
  encodeResourceRecord,
  typeUrlOf,
  type ConfigNode,
  type ResourceType,
} from '@osm/xds';
import { describe, expect, it } from 'vitest';
import { createStreamSession } from './stream-session.ts';
import { createWriteBudget } from './write-budget.ts';

/** A transport that keeps what it is given until the test lets it go. */
function setUp(bytesMax = 10_000_000) {
  const clock = createFakeClock();
  const budget = createWriteBudget({ bytesMax, stalledMs: 500, clock });
  const queue: Uint8Array[] = [];
  const stream: BidiStream<never> = {
    peer: { dnsNames: [], uris: [] },
    remoteAddress: 'test',
    listen: () => undefined,
    send: (bytes) => queue.push(bytes),
    queuedBytes: () => queue.reduce((sum, bytes) => sum + bytes.length, 0),
    end: () => undefined,
  };
  const session = createStreamSession({
    stream,
    protocol: 'delta',
    budget,
    clock,
    observe: () => undefined,
  });
  const subscribe = (type: ResourceType = 'cluster'): void =>
    session.apply({
      kind: 'delta-request',
      request: {
        typeUrl: typeUrlOf(type),
        resourceNamesSubscribe: [],
        resourceNamesUnsubscribe: [],
        initialResourceVersions: {},
        responseNonce: '',
        errorDetail: undefined,
      },
    });
  const take = (): string[] => {
    const bytes = queue.shift();
    session.onFlushed();
    return bytes === undefined
      ? []
      : DeltaDiscoveryResponse.decode(bytes).resources.map((r) => `${r.name}=${r.version}`);
  };
  return { budget, clock, queue, session, subscribe, take };
}

const config = (version: string, bytes: number, count = 1): ConfigNode =>
  createConfigNode(
    'w',
    Array.from({ length: count }, (_, i) =>
      encodeResourceRecord({
        type: 'cluster',
        name: `c${i}`,
        version,
        body: new Uint8Array(bytes),
      }),
    ),
    [],
  );

describe('createStreamSession', () => {
  it('gives a client that does not read one difference when it does', () => {
    const { queue, session, subscribe, take } = setUp();
    session.retarget({ config: config('1', 100_000), secrets: undefined });
    subscribe();
    expect(queue).toHaveLength(1);
    for (const version of ['2', '3', '4'])
      session.retarget({ config: config(version, 100_000), secrets: undefined });
    expect(queue).toHaveLength(1);
    expect(take()).toEqual(['c0=1']);
    expect(take()).toEqual(['c0=4']);
    expect(queue).toHaveLength(0);
  });

  it('sends a large configuration in parts, as they are taken', () => {
    const { queue, session, subscribe, take } = setUp();
    session.retarget({ config: config('1', 50_000, 20), secrets: undefined });
    subscribe();
    const names: string[] = [];
    while (queue.length > 0) {
      expect(queue.length).toBeLessThanOrEqual(2);
      names.push(...take());
    }
    expect(names.sort()).toEqual(Array.from({ length: 20 }, (_, i) => `c${i}=1`).sort());
  });

  it('waits for its turn when others use up the budget', () => {
    const { budget, queue, session, subscribe } = setUp(100_000);
    const other = budget.open(() => undefined);
    other.report(100_000);
    session.retarget({ config: config('1', 10), secrets: undefined });
    subscribe();
    expect(queue).toHaveLength(0);
    other.report(0);
    expect(queue).toHaveLength(1);
  });

  it('does not wait for ever for new clusters to be acknowledged', () => {
    const { clock, queue, session, subscribe } = setUp();
    const withListener = (base: ConfigNode, version: string): ConfigNode =>
      createConfigNode(
        'w',
        [
          ...base.records,
          encodeResourceRecord({ type: 'listener', name: 'l', version, body: new Uint8Array(1) }),
        ],
        [],
      );
    session.retarget({ config: withListener(config('1', 10), '1'), secrets: undefined });
    subscribe('cluster');
    subscribe('listener');
    expect(queue).toHaveLength(1);
    clock.advance(1999);
    expect(queue).toHaveLength(1);
    clock.advance(1);
    expect(queue).toHaveLength(2);
  });

  it('is silent once it is over', () => {
    const { queue, session, subscribe } = setUp();
    session.release();
    session.retarget({ config: config('1', 10), secrets: undefined });
    subscribe();
    expect(queue).toHaveLength(0);
  });
});
