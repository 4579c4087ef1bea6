import { describe, expect, it } from 'vitest';
import { createTurns } from './turns.ts';

describe('createTurns', () => {
  it('gives turns up to the limit, lets some wait in line, and refuses the rest', async () => {
    const turns = createTurns(2, 1);
    const order: string[] = [];
    const take = async (name: string): Promise<void> => {
      order.push(`${name} ${await turns.take()}`);
    };
    await Promise.all([take('a'), take('b')]);
    const waiting = take('c');
    await take('d');
    expect(order).toEqual(['a true', 'b true', 'd false']);
    turns.give();
    await waiting;
    expect(order.at(-1)).toBe('c true');
    turns.give();
    turns.give();
    await take('e');
    expect(order.at(-1)).toBe('e true');
  });
});
