import { Writable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createTerminal } from './terminal.ts';

describe('the terminal', () => {
  it('goes on when nobody reads any more: osm uninstall mesh | head', async () => {
    const stdout = new Writable({
      write: (_chunk, _encoding, done) =>
        done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })),
    });
    const terminal = createTerminal({ stdout, stderr: process.stderr });
    terminal.print('a');
    await setImmediate();
    terminal.print('b');
    await setImmediate();
    expect([stdout.listenerCount('error'), stdout.destroyed]).toEqual([1, true]);
  });
});
