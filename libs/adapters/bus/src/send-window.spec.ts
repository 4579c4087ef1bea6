import { describe, expect, it } from 'vitest';
import { createSendWindow } from './send-window.ts';

const kilobyte = 1 << 10;

/** Sends messages over a link that carries so much, and says the longest wait for an answer, of the last half of them. */
function longestTrip(options: { readonly bytesPerMs: number; readonly delayMs: number }): number {
  const { bytesPerMs, delayMs } = options;
  let nowMs = 0;
  let free = 0;
  const window = createSendWindow(() => nowMs);
  const underWay: { readonly due: number; readonly sentMs: number; readonly answer: () => void }[] =
    [];
  const trips: number[] = [];
  for (let left = 200; left > 0;) {
    if (window.hasRoom()) {
      free = Math.max(free, nowMs) + (10 * kilobyte) / bytesPerMs;
      const answer = window.send(10 * kilobyte);
      underWay.push({ due: free + delayMs, sentMs: nowMs, answer });
      left -= 1;
      continue;
    }
    const next = underWay.shift();
    if (next === undefined) throw new Error('no room, and nothing under way');
    nowMs = next.due;
    next.answer();
    trips.push(nowMs - next.sentMs);
  }
  return Math.max(...trips.slice(trips.length / 2));
}

describe('the window of what is under way', () => {
  it('keeps the wait for an answer short on a slow link', () => {
    expect(longestTrip({ bytesPerMs: 128, delayMs: 400 })).toBeLessThan(400 + 4 * 250);
  });

  it('lets one at a time through however slow the link is', () => {
    expect(longestTrip({ bytesPerMs: 10, delayMs: 0 })).toBeLessThan(3 * 1_024 + 1);
  });

  it('grows on a fast link until many are under way', () => {
    const window = createSendWindow(() => 0);
    for (let round = 0; round < 300; round += 1) window.send(10 * kilobyte)();
    let sent = 0;
    for (; window.hasRoom(); sent += 1) window.send(30 * kilobyte);
    expect(sent).toBeGreaterThan(50);
  });

  it('forgets what will not be answered', () => {
    const window = createSendWindow(() => 0);
    const answer = window.send(100 << 20);
    expect(window.hasRoom()).toBe(false);
    window.reset();
    expect(window.hasRoom()).toBe(true);
    answer();
    for (let count = 0; count < 3; count += 1) window.send(kilobyte);
    expect(window.hasRoom()).toBe(true);
  });
});
