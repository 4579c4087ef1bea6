import { describe, expect, it } from 'vitest';
import { createLogThrottle } from './log-throttle.ts';

describe('createLogThrottle', () => {
  it('lets one of a key through per period, and says how many it kept', () => {
    let nowMs = 0;
    const throttle = createLogThrottle(100, () => nowMs);
    expect(throttle.admit('a')).toEqual({ unsaid: 0 });
    expect(throttle.admit('a')).toBeUndefined();
    expect(throttle.admit('b')).toEqual({ unsaid: 0 });
    nowMs = 99;
    expect(throttle.admit('a')).toBeUndefined();
    nowMs = 100;
    expect(throttle.admit('a')).toEqual({ unsaid: 2 });
    nowMs = 200;
    expect(throttle.admit('a')).toEqual({ unsaid: 0 });
  });
});
