import { SignRequest } from '@osm/proto-mesh';
import { describe, expect, it } from 'vitest';
import { createReplayGuard } from './replay-guard.ts';

const nonce = (index: number): Buffer => {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt32BE(index);
  return bytes;
};
const question = (index: number, askedAtMs: number): SignRequest =>
  SignRequest.fromPartial({ nonce: nonce(index), askedAtMs });

describe('createReplayGuard', () => {
  it('refuses when its memory is full instead of forgetting, and has room again later', () => {
    const guard = createReplayGuard();
    let refused = 0;
    for (let index = 0; index < 100_000; index++)
      if (guard.admit(question(index, 1_000_000), 1_000_000) !== undefined) refused += 1;
    expect(refused).toBe(0);
    expect(guard.admit(question(100_000, 1_000_000), 1_000_000)?.code).toBe('not_ready');
    expect(guard.admit(question(0, 1_000_000), 1_000_000)?.code).toBe('replayed');
    expect(guard.admit(question(100_000, 1_120_000), 1_120_000)).toBeUndefined();
  });
});
