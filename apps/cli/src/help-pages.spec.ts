import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { createFakeTerminal } from '../testing/index.ts';
import { createProgram } from './program.ts';

const program = createProgram({
  terminal: createFakeTerminal().terminal,
  environment: {},
  charts: [],
  endBy: () => undefined,
});

function nameOf(command: Command): string {
  return command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`;
}

function withAllBelow(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(withAllBelow)];
}

/** What --help prints, examples too, on a terminal of 80 columns. */
function pageOf(command: Command): string {
  let page = '';
  command.configureOutput({ writeOut: (text) => (page += text), getOutHelpWidth: () => 80 });
  command.outputHelp();
  return page;
}

const pages = withAllBelow(program).map(
  (command) => [nameOf(command), command, pageOf(command)] as const,
);

describe('osm --help', () => {
  it.each(pages)(
    '%s: each flag says what it is for, and no default that tells nothing',
    (...it) => {
      const [, command, page] = it;
      for (const { description } of [...command.options, ...program.options])
        expect(description).toMatch(/^(?!default)\w+/);
      expect(page).not.toMatch(/default:\s+(false|\[\])/);
      for (const line of page.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    },
  );

  it.each(pages)('%s: examples are calls of it with flags that it has', (name, command, page) => {
    const flags = [...command.options, ...program.options].flatMap(({ short, long }) => [
      short,
      long,
    ]);
    const [, examples = ''] = page.split('Examples:\n');
    for (const example of examples.split('\n').filter((line) => line.trim() !== '')) {
      expect(example).toMatch(new RegExp(`^  ${name}( |$)`));
      for (const [flag] of example.matchAll(/(?<= )--?[a-z][-a-z]*/g))
        expect(flags).toContain(flag);
    }
  });

  it('keeps the defaults that tell something', () => {
    const [, , page] = pages.find(([name]) => name === 'osm install') ?? [];
    expect(page).toContain('(default: "5m")');
    expect(page).toContain('Examples:\n  osm install\n');
  });
});
