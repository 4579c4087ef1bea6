import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../cluster/json.ts';
import { containerWords, joinCommand, wrapCommand } from './container-command.ts';
import { parsePodSpec, type Container } from './pod-spec.ts';

function container(more: Record<string, Json>): Container {
  const spec = parsePodSpec({
    containers: [{ name: 'c', image: 'app', ...more }],
    volumes: [{ name: 'v', emptyDir: {} }],
  });
  if (spec.kind === 'error' || spec.value.containers[0] === undefined)
    throw new Error('test container');
  return spec.value.containers[0];
}

describe('containerWords', () => {
  let directory = '';
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'osm-image-'));
    writeFileSync(join(directory, 'entrypoint.json'), '["node", "/app/app.js"]');
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it('runs command and args, with variables replaced', () => {
    const words = containerWords(container({ command: ['run', '$(A)'], args: ['x'] }), new Map(), {
      A: 'a',
    });
    expect(words).toEqual({ kind: 'ok', value: ['run', 'a', 'x'] });
  });

  it("runs the image's entrypoint when the manifest has no command", () => {
    const images = new Map([['app', directory]]);
    expect(containerWords(container({ args: ['idle'] }), images, {})).toEqual({
      kind: 'ok',
      value: ['node', '/app/app.js', 'idle'],
    });
    expect(containerWords(container({ command: ['run'] }), images, {})).toEqual({
      kind: 'ok',
      value: ['run'],
    });
  });

  it('says what to do when there is nothing to run', () => {
    const words = containerWords(container({}), new Map(), {});
    expect(words.kind === 'error' && words.error).toContain('--image app=DIR');
  });

  it('refuses an entrypoint that is no list of texts', () => {
    writeFileSync(join(directory, 'entrypoint.json'), '"node"');
    const words = containerWords(container({}), new Map([['app', directory]]), {});
    expect(words.kind === 'error' && words.error).toContain('is not a JSON array of texts');
  });
});

describe('wrapCommand', () => {
  const images = new Map([
    ['other', '/o'],
    ['app', '/a'],
  ]);

  it('starts a plain container in /', () => {
    expect(wrapCommand(container({}), new Map(), ['run'])).toEqual({
      program: 'env',
      args: ['-C', '/', 'run'],
    });
  });

  it('mounts the image at /app and works there, as the wanted user', () => {
    const { program, args } = wrapCommand(
      container({ securityContext: { runAsUser: 1500 } }),
      images,
      ['run'],
    );
    expect(program).toBe('unshare');
    expect(args.slice(-12)).toEqual(
      [
        ...['1', '/.playground/images/1', '/app', 'ro'],
        ...['setpriv', '--reuid=1500', '--regid=1500', '--clear-groups', '--'],
        ...['env', '-C', '/app', 'run'].slice(0, 4),
      ].slice(-12),
    );
    expect(args).toContain('/.playground/images/1');
  });

  it('mounts volumes', () => {
    const mounts = [{ name: 'v', mountPath: '/data/', subPath: 'x' }];
    const { args } = wrapCommand(
      container({ volumeMounts: mounts, workingDir: '/data' }),
      new Map(),
      ['run'],
    );
    expect(args.slice(-8)).toEqual([
      '1',
      '/.playground/volumes/v/x',
      '/data',
      'rw',
      'env',
      '-C',
      '/data',
      'run',
    ]);
  });

  it('does not mount again for a command that joins', () => {
    expect(joinCommand(container({}), images, ['sh'])).toEqual({
      program: 'env',
      args: ['-C', '/app', 'sh'],
    });
  });
});
