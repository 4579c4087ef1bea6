import { describe, expect, it } from 'vitest';
import { createServiceKey, parseSeed, publicKeyOf, renderCredentials } from './credentials.ts';

describe('credentials', () => {
  it('come back from their file', () => {
    const { seed, publicKey } = createServiceKey();
    const read = parseSeed(renderCredentials('xds-server', seed), 'file');
    expect(publicKeyOf(read)).toBe(publicKey);
  });

  it.each(['', '# nothing\n', 'SUAA\n', 'UAAA\n', `${createServiceKey().seed}\nmore\n`])(
    'are refused with the name of the file: %j',
    (text) => {
      expect(() => parseSeed(text, 'some.nkey')).toThrowError(/some\.nkey is not a credentials/);
    },
  );
});
