import { describe, expect, it } from 'vitest';
import { describeFlags, flag, parseFlags } from './flags.ts';

const flags = {
  natsUrl: flag.text('Where the bus is', { default: 'nats://127.0.0.1:4222' }),
  directory: flag.texts('Directories of YAML'),
  minValidity: flag.durationMs('Floor', { default: '10m' }),
  xdsPort: flag.port('Port', { default: '15128' }),
  source: flag.choice('Kind', ['directory', 'kubernetes'], { default: 'directory' }),
};

const config = (argv: readonly string[], env: Record<string, string> = {}) => {
  const result = parseFlags(flags, argv, env);
  if (result.kind === 'error') return result.error;
  return result.value.kind === 'config' ? result.value.config : result.value.kind;
};

describe('parseFlags', () => {
  it('takes flags over environment over defaults, and repeats', () => {
    expect(
      config(['--nats-url', 'nats://a', '--directory', 'x', '--directory', 'y'], {
        OSM_NATS_URL: 'nats://b',
        OSM_MIN_VALIDITY: '1.5s',
      }),
    ).toEqual({
      natsUrl: 'nats://a',
      directory: ['x', 'y'],
      minValidity: 1500,
      xdsPort: 15128,
      source: 'directory',
    });
  });

  it('reads a list from the environment', () => {
    expect(config([], { OSM_DIRECTORY: 'a,b' })).toMatchObject({ directory: ['a', 'b'] });
  });

  it('says everything that is wrong at once, by flag', () => {
    expect(config(['--xds-port', '70000', '--min-validity', '10', '--source', 'etcd'])).toBe(
      [
        '--directory (or OSM_DIRECTORY) is required',
        '--min-validity "10": must be a duration such as 500ms, 30s, 10m or 24h',
        '--xds-port "70000": must be a port, 0 to 65535 (0 = any free one)',
        '--source "etcd": must be one of directory, kubernetes',
      ].join('\n'),
    );
  });

  it('refuses flags it does not know', () => {
    expect(config(['--directroy', 'x'])).toContain("'--directroy'");
  });

  it('describes every flag with its environment variable and default', () => {
    const help = describeFlags('x', 'does things', flags);
    expect(config(['--help'])).toBe('help');
    expect(help).toContain('--min-validity DURATION\n      Floor (OSM_MIN_VALIDITY; default 10m)');
    expect(help).toContain('(OSM_DIRECTORY; required)');
  });
});
