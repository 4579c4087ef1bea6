import { describe, expect, it } from 'vitest';
import type { SourceEvent } from '../source.ts';
import { createBatchQueue } from './batch-queue.ts';

const listed: SourceEvent = { kind: 'listed' };

describe('createBatchQueue', () => {
  it('gives at once what came since the last time', async () => {
    const queue = createBatchQueue();
    queue.push([listed]);
    queue.push([listed, listed]);
    expect(await queue.take()).toHaveLength(3);
  });

  it('wakes who waits, and ends with what is left', async () => {
    const queue = createBatchQueue();
    const taken = queue.take();
    queue.push([listed]);
    expect(await taken).toHaveLength(1);
    queue.push([listed]);
    queue.close();
    expect(await queue.take()).toHaveLength(1);
    expect(await queue.take()).toBeUndefined();
  });

  it('takes a list of any length', async () => {
    const queue = createBatchQueue();
    queue.push(new Array<SourceEvent>(300_000).fill(listed));
    expect(await queue.take()).toHaveLength(300_000);
  });
});
