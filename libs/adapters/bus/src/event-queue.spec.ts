import { describe, expect, it } from 'vitest';
import { createEventQueue, type QueuedEvent } from './event-queue.ts';

const put = (key: string, value = 0): QueuedEvent => ({
  kind: 'put',
  key,
  bytes: new Uint8Array([value]),
});
const remove = (key: string): QueuedEvent => ({ kind: 'delete', key });
const complete = (epoch: string): QueuedEvent => ({ kind: 'complete', epoch });

function taken(...events: readonly QueuedEvent[]): readonly QueuedEvent[] {
  const queue = createEventQueue();
  for (const event of events) queue.push(event);
  return queue.take();
}

describe('createEventQueue', () => {
  it('keeps the last event per key, at the last place', () => {
    expect(taken(put('a', 1), put('b'), put('a', 2))).toEqual([put('b'), put('a', 2)]);
    expect(taken(put('a'), put('b'), remove('a'))).toEqual([put('b'), remove('a')]);
  });

  it('does not move an event over a complete marker', () => {
    const events = [put('a', 1), complete('1'), put('a', 2)];
    expect(taken(...events)).toEqual(events);
  });

  it('absorbs earlier markers, so that it stays bounded', () => {
    expect(taken(put('a', 1), complete('1'), put('a', 2), put('b'), complete('2'))).toEqual([
      put('a', 2),
      put('b'),
      complete('2'),
    ]);
    const queue = createEventQueue();
    for (let round = 0; round < 1_000; round += 1) {
      queue.push(put('a', round % 256));
      queue.push(complete(`${round}`));
    }
    expect(queue.size()).toBe(2);
  });

  it('is empty after it was taken', () => {
    const queue = createEventQueue();
    queue.push(put('a'));
    queue.push(complete('1'));
    queue.take();
    expect(queue.size()).toBe(0);
    expect(queue.take()).toEqual([]);
  });
});
