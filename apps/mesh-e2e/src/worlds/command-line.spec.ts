import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCommandLine } from './command-line.ts';
import { ownWorlds, worldsDirectory } from './places.ts';

const names = (...args: string[]): readonly string[] => {
  const read = readCommandLine(args);
  return read.kind === 'run' ? read.worlds.map((world) => basename(world)) : [read.text];
};

describe('the command line of worlds', () => {
  it('means all worlds without arguments, else those that are named', () => {
    expect(names()).toEqual(ownWorlds());
    expect(names('tcp', 'splits')).toEqual(['tcp', 'splits']);
  });

  it('takes worlds of other directories, alone or with named ones', () => {
    const other = join(worldsDirectory, 'targets');
    expect(names('--world', other)).toEqual(['targets']);
    expect(names('tcp', '--world', other)).toEqual(['tcp', 'targets']);
  });

  it('says what is wrong with status 2', () => {
    const text = (...args: string[]): unknown => readCommandLine(args);
    expect(text('nowhere')).toMatchObject({ status: 2, text: expect.stringContaining('nowhere') });
    expect(text('--world', '/nowhere')).toMatchObject({
      text: expect.stringContaining('/nowhere is not a world'),
    });
    expect(text('--patience', 'long')).toMatchObject({ status: 2 });
    expect(text('--odd')).toMatchObject({ status: 2 });
    expect(text('--help')).toMatchObject({ status: 0 });
  });
});
