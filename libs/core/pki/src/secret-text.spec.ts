import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { secretText } from './secret-text.ts';

describe('secretText', () => {
  const secret = secretText('hunter2');

  it('gives the text to who asks for it', () => {
    expect(secret.reveal()).toBe('hunter2');
  });

  it.each([
    ['a template', () => `${String(secret)}`],
    ['JSON', () => JSON.stringify({ secret })],
    ['inspect', () => inspect({ secret }, { depth: 5, showHidden: true })],
    ['concatenation', () => 'key: ' + String(secret)],
  ])('prints redacted by %s', (_how, print) => {
    expect(print()).toContain('[redacted]');
    expect(print()).not.toContain('hunter2');
  });
});
