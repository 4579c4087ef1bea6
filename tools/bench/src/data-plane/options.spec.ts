import { describe, expect, it } from 'vitest';
import { describeOptions, parseOptions } from './options.ts';

describe('the options of the data-plane benchmark', () => {
  it('measure everything by default', () => {
    expect(parseOptions([])).toEqual({
      kind: 'ok',
      value: {
        parts: ['traffic', 'memory'],
        modes: ['smi', 'permissive'],
        rates: [100, 1000],
        rounds: 5,
        seconds: 10,
        sizes: [20, 200, 2000],
        idleSeconds: 10,
        output: 'markdown',
      },
    });
  });

  it('are read, lists too', () => {
    expect(parseOptions(['--parts', 'memory', '--sizes', '20,50', '-o', 'json'])).toMatchObject({
      value: { parts: ['memory'], sizes: [20, 50], output: 'json' },
    });
    expect(parseOptions(['--help'])).toEqual({ kind: 'ok', value: 'help' });
    expect(describeOptions()).toContain('-o, --output');
  });

  it.each([
    [['--sizes', '20,7'], '--sizes: "7" must be a whole number of at least 8'],
    [['--modes', 'none'], '--modes: "none" is none of smi, permissive'],
    [['--rounds', '1,2'], '--rounds: one number only'],
    [['--rates', ''], '--rates: "" must be a whole number of at least 1'],
    [['--speed'], "Unknown option '--speed'"],
  ])('say what is wrong: %j', (argv, message) => {
    const parsed = parseOptions(argv);
    expect(parsed.kind === 'error' ? parsed.error : '').toContain(message);
  });
});
