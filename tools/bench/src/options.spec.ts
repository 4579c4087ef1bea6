import { describe, expect, it } from 'vitest';
import { describeOptions, parseOptions, scenarioNames } from './options.ts';

describe('parseOptions', () => {
  it('measures the mesh of the bar unless told otherwise', () => {
    const parsed = parseOptions([]);
    expect(parsed).toMatchObject({
      kind: 'ok',
      value: { services: 500, replicas: 2, callers: 5, mode: 'smi', out: undefined },
    });
    expect(parsed.kind === 'ok' && parsed.value !== 'help' && parsed.value.scenarios.size).toBe(
      scenarioNames.length,
    );
  });

  it('takes some scenarios', () => {
    const parsed = parseOptions(['--scenarios', 'weight-flip,memory']);
    expect(parsed.kind === 'ok' && parsed.value !== 'help' && [...parsed.value.scenarios]).toEqual([
      'weight-flip',
      'memory',
    ]);
  });

  it('names everything that is wrong', () => {
    const parsed = parseOptions(['--services', 'x', '--mode', 'y', '--scenarios', 'z']);
    const error = parsed.kind === 'error' ? parsed.error : '';
    for (const part of ['--services "x"', '--mode "y"', '--scenarios "z"'])
      expect(error).toContain(part);
    expect(parseOptions(['--unknown']).kind).toBe('error');
  });

  it('explains itself', () => {
    expect(parseOptions(['--help'])).toEqual({ kind: 'ok', value: 'help' });
    expect(describeOptions()).toContain('--services');
  });
});
