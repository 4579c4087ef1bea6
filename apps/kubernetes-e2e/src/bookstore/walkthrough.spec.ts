import { describe, expect, it } from 'vitest';
import { commandsOf } from './walkthrough.ts';

const text = [
  '## Before',
  '```',
  'rm',
  '```',
  '## Shop',
  'Say `not this`.',
  '```',
  "echo 'a  b'",
  '',
  'echo c',
  '```',
  'and',
  '```',
  'echo d',
  '```',
  '## After',
  '```',
  'rm',
  '```',
].join('\n');

describe('the commands of a walkthrough', () => {
  it('are the lines of the code blocks of its section, word by word', () => {
    expect(commandsOf(text, 'Shop')).toEqual(["echo 'a  b'", 'echo c', 'echo d']);
  });

  it('must be there', () => {
    expect(() => commandsOf(text, 'Nowhere')).toThrow('no section Nowhere');
    expect(() => commandsOf('## Shop\nnothing', 'Shop')).toThrow('no commands');
  });
});
