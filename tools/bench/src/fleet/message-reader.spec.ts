import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMessageReader, frameMessage } from './message-reader.ts';

describe('createMessageReader', () => {
  it('finds the messages however the stream is cut', () => {
    const anyMessages = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 });
    const anyCuts = fc.array(fc.nat({ max: 400 }), { maxLength: 20 });
    fc.assert(
      fc.property(anyMessages, anyCuts, (messages, cuts) => {
        const stream = Buffer.concat(messages.map(frameMessage));
        const read: number[][] = [];
        const reader = createMessageReader((message) => read.push([...message]));
        const places = [...new Set(cuts.filter((cut) => cut < stream.length))].sort(
          (a, b) => a - b,
        );
        [0, ...places].forEach((place, index, all) =>
          reader.push(stream.subarray(place, all[index + 1] ?? stream.length)),
        );
        expect(read).toEqual(messages.map((message) => [...message]));
      }),
    );
  });

  it('refuses compression', () => {
    const reader = createMessageReader(() => undefined);
    expect(() => reader.push(Buffer.from([1, 0, 0, 0, 0]))).toThrow(RangeError);
  });
});
