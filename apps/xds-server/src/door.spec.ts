import { silentLogger } from '@osm/bus/testing';
import { proxySpiffeIdOf } from '@osm/pki';
import type { BidiStream, RpcStatus, StreamEvents } from '@osm/rpc';
import { createMetrics } from '@osm/telemetry';
import { createFakeClock } from '@osm/testkit';
import { describe, expect, it } from 'vitest';
import type { Dialect } from './dialect.ts';
import { createDoor } from './door.ts';
import { createMeshView } from './mesh-view.ts';
import { createXdsMetrics } from './metrics.ts';

const uuid = '0b6c3d0e-6ea1-4f6f-9d5c-8d2f3a1b4c5d';
const identity = { namespace: 'shop', serviceAccount: 'buyer' };
const assignment = { ...identity, pod: 'buyer-1', bundle: 'workload.buyer' };
const holdMs = 5000;

/** Requests are plain texts: `node id`, or anything after the first. */
const dialect: Dialect<string> = {
  protocol: 'delta',
  nodeId: (request) => request,
  typeUrl: () => '',
  input: () => ({ kind: 'writable', writable: true }),
};

function setUp() {
  const view = createMeshView();
  view.applyTrust([
    { kind: 'put', key: 'bundle', value: { id: '1', trustDomain: 'mesh', rootsPem: [] } },
  ]);
  const clock = createFakeClock();
  const metrics = createXdsMetrics(createMetrics());
  const door = createDoor({ view, clock, log: silentLogger, metrics, holdMs });
  let events: StreamEvents<string> | undefined;
  const ends: RpcStatus[] = [];
  const stream: BidiStream<string> = {
    peer: { dnsNames: [], uris: [proxySpiffeIdOf({ uuid, identity }, 'mesh')] },
    remoteAddress: 'test',
    listen: (next) => (events = next),
    send: () => undefined,
    queuedBytes: () => 0,
    end: (status) => ends.push(status),
  };
  const passed: string[] = [];
  let isClosed = false;
  const enter = (): void =>
    door.enter(stream, dialect, () => ({
      onRequest: (request) => passed.push(request),
      onFlushed: () => undefined,
      onClose: () => (isClosed = true),
    }));
  enter();
  return {
    enter,
    view,
    clock,
    door,
    ends,
    passed,
    say: (text: string) => events?.onRequest(text),
    close: () => events?.onClose(),
    isClosed: () => isClosed,
  };
}

const know = { kind: 'put', key: uuid, value: assignment } as const;

describe('createDoor', () => {
  it('lets nobody in, and turns nobody away, before the mesh is known', () => {
    const { view, clock, door, ends, passed, say } = setUp();
    say(uuid);
    clock.advance(10 * holdMs);
    expect(ends).toEqual([]);
    view.applyWorkloads([know]);
    door.judgeAgain([uuid]);
    expect(passed).toEqual([]);
    door.open();
    expect(passed).toEqual([uuid]);
  });

  it('hands over in order what was said while waiting, and then what follows', () => {
    const { view, door, passed, say } = setUp();
    door.open();
    say(uuid);
    say('second');
    view.applyWorkloads([know]);
    door.judgeAgain(['somebody else']);
    expect(passed).toEqual([]);
    door.judgeAgain([uuid]);
    say('third');
    expect(passed).toEqual([uuid, 'second', 'third']);
  });

  it('turns away a stream that says nothing', () => {
    const { clock, ends } = setUp();
    clock.advance(9_999);
    expect(ends).toEqual([]);
    clock.advance(1);
    expect(ends).toEqual([{ code: 'unavailable', message: 'no request on this stream' }]);
  });

  it('gives one certificate sixteen streams, and another one when one is over', () => {
    const { enter, ends, close } = setUp();
    for (let streams = 2; streams <= 16; streams++) enter();
    expect(ends).toEqual([]);
    enter();
    expect(ends.map(({ code }) => code)).toEqual(['resource-exhausted']);
    close();
    enter();
    expect(ends).toHaveLength(1);
  });

  it('turns away a proxy that stays unknown, so that it comes again', () => {
    const { clock, door, ends, passed, say, view } = setUp();
    door.open();
    say(uuid);
    clock.advance(holdMs - 1);
    expect(ends).toEqual([]);
    clock.advance(1);
    expect(ends).toEqual([
      {
        code: 'unavailable',
        message: `no pod with the proxy uuid ${uuid} is known to the mesh`,
      },
    ]);
    view.applyWorkloads([know]);
    door.judgeAgain([uuid]);
    say('more');
    expect(passed).toEqual([]);
  });

  it('keeps only so many requests of one who waits', () => {
    const { door, ends, say } = setUp();
    door.open();
    for (let i = 0; i < 65; i++) say(uuid);
    expect(ends.map(({ message }) => message)).toEqual([
      'too many requests before the proxy was admitted',
    ]);
  });

  it('forgets one who leaves', () => {
    const { view, clock, door, ends, passed, say, close } = setUp();
    door.open();
    say(uuid);
    close();
    clock.advance(holdMs);
    view.applyWorkloads([know]);
    door.judgeAgain([uuid]);
    expect([ends, passed]).toEqual([[], []]);
  });

  it('tells the guest when the stream is over', () => {
    const { view, door, say, close, isClosed } = setUp();
    view.applyWorkloads([know]);
    door.open();
    say(uuid);
    expect(isClosed()).toBe(false);
    close();
    expect(isClosed()).toBe(true);
  });
});
