import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodePem, encodePem } from './pem.ts';

describe('PEM', () => {
  it('gives every block back, in order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { minLength: 1 }),
        (ders) => {
          const text = ders.map((der) => encodePem('CERTIFICATE', der)).join('');
          expect(decodePem('CERTIFICATE', text)).toEqual({ kind: 'ok', value: ders });
        },
      ),
    );
  });

  it('breaks lines after 64 characters', () => {
    const lines = encodePem('CERTIFICATE', new Uint8Array(100)).split('\n');
    expect(lines.map((line) => line.length)).toEqual([27, 64, 64, 8, 25, 0]);
  });

  it('skips other blocks and text between', () => {
    const text = `a comment\n${encodePem('PRIVATE KEY', new Uint8Array([1]))}\r\n${encodePem('CERTIFICATE', new Uint8Array([2]))}`;
    expect(decodePem('CERTIFICATE', text)).toEqual({ kind: 'ok', value: [new Uint8Array([2])] });
  });

  it.each(['', 'CERTIFICATE', '-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----'])(
    'fails for %j',
    (text) => {
      expect(decodePem('CERTIFICATE', text).kind).toBe('error');
    },
  );
});
