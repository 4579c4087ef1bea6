import { describe, expect, it } from 'vitest';
import { durationMs } from './duration.ts';
import { invalid } from './parser.ts';

const parse = (value: unknown) => durationMs(value, { path: 'x', report: () => undefined });

describe('durationMs', () => {
  it.each([
    ['24h', 86_400_000],
    ['1h30m', 5_400_000],
    ['1.5s', 1500],
    ['90s', 90_000],
    ['10ms', 10],
    ['1500us', 2],
  ])('reads %s', (text, ms) => {
    expect(parse(text)).toBe(ms);
  });

  it.each(['', '24', 'h', '1d', '1h 30m', '-1h', '0s', '1ns', 24])('refuses %j', (value) => {
    expect(parse(value)).toBe(invalid);
  });
});
