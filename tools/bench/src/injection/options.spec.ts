import { describe, expect, it } from 'vitest';
import { describeOptions, parseOptions } from './options.ts';

describe('the options of the injection benchmark', () => {
  it('have defaults, and take the cluster of the environment', () => {
    expect(parseOptions([], {})).toEqual({
      kind: 'ok',
      value: { seconds: 20, concurrency: 16, kubeconfig: undefined, bundles: 'dist/apps' },
    });
    expect(parseOptions([], { KUBECONFIG: 'k' })).toMatchObject({ value: { kubeconfig: 'k' } });
    expect(parseOptions(['--kubeconfig', ''], { KUBECONFIG: 'k' })).toMatchObject({
      value: { kubeconfig: undefined },
    });
  });

  it('say what is wrong', () => {
    expect(parseOptions(['--seconds', 'x'], {})).toMatchObject({
      error: expect.stringContaining('--seconds') as string,
    });
    expect(parseOptions(['--speed'], {}).kind).toBe('error');
    expect(parseOptions(['--help'], {})).toMatchObject({ value: 'help' });
    expect(describeOptions()).toContain('--concurrency');
  });
});
