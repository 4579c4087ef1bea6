import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@osm/bus';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keepNatsRunning } from './development-nats.ts';

describe('the NATS of development', () => {
  let directory = '';
  let port = 0;
  let ends: AbortController[] = [];

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'osm-development-nats-'));
    port = await freePort('127.0.0.1');
    ends = [];
  });

  afterEach(() => {
    for (const end of ends) end.abort();
    rmSync(directory, { recursive: true, force: true });
  });

  const keep = async (): Promise<{ stopped: Promise<void>; end: AbortController }> => {
    const end = new AbortController();
    ends.push(end);
    const { stopped } = await keepNatsRunning(directory, end.signal, port);
    return { stopped, end };
  };

  it('ends with who runs it', async () => {
    const only = await keep();
    expect(await answers(port)).toBe(true);
    only.end.abort();
    await only.stopped;
    expect(await answers(port)).toBe(false);
  });

  it('is taken over by another when the one that runs it ends', async () => {
    const first = await keep();
    const second = await keep();
    first.end.abort();
    await first.stopped;
    while (!(await answers(port))) await new Promise(setImmediate);
    second.end.abort();
    await second.stopped;
    expect(await answers(port)).toBe(false);
  });

  it('is not started again by who ran it when it is ended from outside, as Nx does', async () => {
    const only = await keep();
    endServer(directory);
    await only.stopped;
    expect(only.end.signal.aborted).toBe(false);
    expect(await answers(port)).toBe(false);
  });
});

/** Ends the process that has its configuration in the directory. */
function endServer(directory: string): void {
  const isServer = (pid: string): boolean => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`${directory}/nats.conf`);
    } catch {
      return false;
    }
  };
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && isServer(name));
  expect(pids).toHaveLength(1);
  for (const pid of pids) process.kill(Number(pid), 'SIGTERM');
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const done = (isThere: boolean): void => {
      socket.destroy();
      resolve(isThere);
    };
    socket.once('data', () => done(true));
    socket.once('close', () => done(false));
    socket.once('error', () => done(false));
  });
}
