import { describe, expect, it } from 'vitest';
import { createCleanup } from './cleanup.ts';

describe('createCleanup', () => {
  it('ends the last first, and everything once', async () => {
    const cleanup = createCleanup();
    const ended: string[] = [];
    for (const name of ['first', 'second'])
      await cleanup.add(async () => {
        ended.push(name);
      });
    await Promise.all([cleanup.run(), cleanup.run()]);
    expect(ended).toEqual(['second', 'first']);
  });

  it('ends what comes too late, and stops the start', async () => {
    const cleanup = createCleanup();
    await cleanup.run();
    let ended = false;
    const late = cleanup.add(async () => {
      ended = true;
    });
    await expect(late).rejects.toThrow('ended while starting');
    expect(ended).toBe(true);
  });
});
