// `node tools/playground/run.mjs enter -- COMMAND [ARG...]`: runs a command where it can make pods itself, for the end-to-end tests.
// `... enter --say` only says on one line how that would be, or, with exit status 1, why it is not possible.
import { spawn } from 'node:child_process';
import { missingPrerequisites } from './prerequisites.ts';
import { readFacts } from './privilege/facts.ts';
import { handoverVariables } from './privilege/handover.ts';
import { ended, runInside } from './privilege/run-again.ts';
import { chooseWay, describeWay, type Way } from './privilege/way.ts';
import { exitWhenWritten } from './process/exit.ts';

await exitWhenWritten(await main(process.argv.slice(2)));

function main(args: readonly string[]): Promise<number> | number {
  const way = wayForTests();
  if (args[0] === '--say') {
    process.stdout.write(`${describeWay(way)}\n`);
    return way.kind === 'not at all' ? 1 : 0;
  }
  const [separator, ...words] = args;
  const [command, ...rest] = words;
  if (separator !== '--' || command === undefined) {
    process.stderr.write(
      'Usage: node tools/playground/run.mjs enter --say | -- COMMAND [ARG...]\n',
    );
    return 2;
  }
  switch (way.kind) {
    case 'as root':
      return ended(
        spawn(command, rest, { stdio: 'inherit', env: { ...process.env, ...handoverVariables() } }),
      );
    case 'in user namespaces':
      return runInside(words);
    default:
      process.stderr.write(`${describeWay(way)}\n`);
      return 1;
  }
}

/** Never sudo: tests that run as root in somebody's checkout leave files there that are not theirs. */
function wayForTests(): Way {
  const missing = missingPrerequisites();
  if (missing.length > 0) return { kind: 'not at all', message: missing.join(' ') };
  const facts = readFacts();
  return chooseWay({ ...facts, sudo: facts.sudo === 'none' ? 'none' : 'with password' });
}
