import { MeshError } from '@osm/prelude';
import { describe, expect, it } from 'vitest';
import type { Link, PutRequest } from './link.ts';
import { WritePipeline } from './write-pipeline.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function make(shared = false) {
  const sent: PutRequest[] = [];
  const answers: { resolve: (seq: number) => void; reject: (error: Error) => void }[] = [];
  const failures: string[] = [];
  let idles = 0;
  const link: Pick<Link, 'put'> = {
    put: (request) => {
      sent.push(request);
      return new Promise((resolve, reject) => answers.push({ resolve, reject }));
    },
  };
  const pipeline = new WritePipeline({
    link: link as Link,
    bucket: 'b',
    shared,
    uniqueId: () => 'chain',
    now: () => 0,
    onSent: () => undefined,
    onAcked: () => undefined,
    onFailed: (error) => failures.push(error.code),
    onIdle: () => (idles += 1),
  });
  return {
    pipeline,
    sent,
    failures,
    idles: () => idles,
    ack: async (index: number) => {
      answers[index]?.resolve(index);
      await Promise.resolve();
    },
    fail: async (index: number) => {
      answers[index]?.reject(new MeshError('bus_refused', 'no'));
      await Promise.resolve();
      await Promise.resolve();
    },
    keys: () => sent.map(({ key }) => key).join(' '),
  };
}

describe('WritePipeline', () => {
  it('sends one write at a time to a stream that several servers keep, and names no other write', async () => {
    const { pipeline, sent, ack } = make();
    pipeline.start([], 7, true);
    pipeline.push({ kind: 'put', key: 'a', bytes: bytes('1') });
    pipeline.push({ kind: 'delete', key: 'a' });
    expect(sent).toHaveLength(1);
    await ack(0);
    expect(sent.map(({ expect }) => expect)).toEqual([
      { kind: 'stream', seq: 7, after: undefined },
      { kind: 'stream', seq: 8, after: undefined },
    ]);
    expect(sent.map(({ id }) => id)).toEqual([undefined, undefined]);
  });

  it('names the position that each write must follow', () => {
    const { pipeline, sent } = make();
    pipeline.start([], 7, false);
    pipeline.push({ kind: 'put', key: 'a', bytes: bytes('1') });
    pipeline.push({ kind: 'delete', key: 'a' });
    expect(sent.map(({ expect }) => expect)).toEqual([
      { kind: 'stream', seq: 7, after: undefined },
      { kind: 'stream', seq: 8, after: 'chain.1' },
    ]);
    expect(sent.map(({ id }) => id)).toEqual(['chain.1', 'chain.2']);
  });

  it('sends 256 at most, and the rest as answers come', async () => {
    const { pipeline, sent, ack, idles } = make();
    pipeline.start([], 0, false);
    for (let index = 0; index < 300; index += 1) {
      pipeline.push({ kind: 'put', key: `k${index}`, bytes: bytes('1') });
    }
    expect(sent).toHaveLength(256);
    await ack(0);
    await ack(1);
    expect(sent).toHaveLength(258);
    for (let index = 2; index < 300; index += 1) await ack(index);
    expect(sent).toHaveLength(300);
    expect(idles()).toBe(1);
    expect(pipeline.idle).toBe(true);
  });

  it('skips what the bucket has, counting what is in flight', () => {
    const { pipeline, keys } = make();
    pipeline.start([{ key: 'a', seq: 1, stamp: '', bytes: bytes('1') }], 1, false);
    pipeline.push({ kind: 'put', key: 'a', bytes: bytes('1') });
    pipeline.push({ kind: 'put', key: 'b', bytes: bytes('1') });
    pipeline.push({ kind: 'put', key: 'b', bytes: bytes('1') });
    pipeline.push({ kind: 'delete', key: 'c' });
    expect(keys()).toBe('b');
  });

  it('replaces only the latest of what waits', () => {
    const { pipeline, sent, ack } = make();
    pipeline.start([], 0, false);
    for (let index = 0; index < 256; index += 1) {
      pipeline.push({ kind: 'put', key: `k${index}`, bytes: bytes('1') });
    }
    pipeline.push({ kind: 'put', key: 'a', bytes: bytes('1') });
    pipeline.push({ kind: 'put', key: 'b', bytes: bytes('1') });
    pipeline.push({ kind: 'put', key: 'b', bytes: bytes('2') });
    pipeline.push({ kind: 'put', key: 'a', bytes: bytes('2') });
    expect(pipeline.queued).toBe(3);
    return Promise.all([ack(0), ack(1), ack(2)]).then(() => {
      const late = sent.slice(256).map((put) => put.key + new TextDecoder().decode(put.bytes));
      expect(late).toEqual(['a1', 'b2', 'a2']);
    });
  });

  it('stops at the first failure and says so once', async () => {
    const { pipeline, sent, fail, failures } = make();
    pipeline.start([], 0, false);
    pipeline.push({ kind: 'put', key: 'a', bytes: bytes('1') });
    pipeline.push({ kind: 'put', key: 'b', bytes: bytes('1') });
    await fail(0);
    await fail(1);
    pipeline.push({ kind: 'put', key: 'c', bytes: bytes('1') });
    expect(failures).toEqual(['bus_refused']);
    expect(sent).toHaveLength(2);
    expect(pipeline.running).toBe(false);
  });

  it('knows its own entries from those of others', () => {
    const { pipeline } = make();
    pipeline.start([], 0, false);
    pipeline.push({ kind: 'put', key: 'a', bytes: bytes('1') });
    const entry = { key: 'a', stamp: '', bytes: bytes('1') };
    expect(pipeline.seen({ ...entry, seq: 1 })).toBe(true);
    expect(pipeline.seen({ ...entry, seq: 2, bytes: bytes('evil') })).toBe(false);
    expect(pipeline.seen({ ...entry, seq: 3, key: 'b' })).toBe(false);
  });

  it('repairs a foreign write that came after one whose answer is still on its way', () => {
    const { pipeline, keys } = make();
    pipeline.start([], 0, false);
    pipeline.push({ kind: 'put', key: 'a', bytes: bytes('1') });
    pipeline.seen({ key: 'a', stamp: '', bytes: bytes('1'), seq: 1 });
    pipeline.seen({ key: 'a', stamp: '', bytes: undefined, seq: 2 });
    pipeline.push({ kind: 'put', key: 'a', bytes: bytes('1') });
    expect(keys()).toBe('a a');
  });

  it('lets an epoch of a shared bucket wait for what it stands for', async () => {
    const { pipeline, keys, ack } = make(true);
    pipeline.start([], 0, false);
    pipeline.push({ kind: 'put', key: 'a', bytes: bytes('1') });
    pipeline.push({ kind: 'epoch', key: 'epoch', encode: () => bytes('e') });
    expect(keys()).toBe('a');
    await ack(0);
    expect(keys()).toBe('a epoch');
  });
});
