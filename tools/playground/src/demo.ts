// `npm run demo`: the bookstore on real Envoys, and the story of its policies. `-- --check` runs the story unattended.
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MeshError } from '@osm/prelude';
import { parseCommandLine, UsageError } from './commands/command.ts';
import { placeOf } from './commands/place.ts';
import { endOfRun, prepare, startUnlessEnded, type EndOfRun } from './commands/up.ts';
import { ControlServer } from './control/control-server.ts';
import { openAddresses } from './demo/addresses.ts';
import { checkDatabase, checkHandshakes, checkStep, checkWire, type Check } from './demo/checks.ts';
import { Screen } from './demo/screen.ts';
import { changedLines, story, type Edit } from './demo/story.ts';
import { watchDiagnostics } from './mesh/diagnostics.ts';
import type { Playground } from './playground.ts';
import { exitWhenWritten } from './process/exit.ts';
import { run } from './process/run.ts';

const usage = 'Usage: npm run demo [-- [--check] [--manual] [--name NAME]]';

const help = `${usage}

Runs the bookstore as pods on this machine, with real Envoys and the five services of the mesh, and tells the story of its policies:
default deny, allow the buyer, allow the thief, split 50/50, 100% version 2, permissive. Each step is one edit of one file.

  --check        unattended: exits with 0 only if everything that has to hold in each step did
  --manual       every step waits for Enter (otherwise it waits 15 seconds, or for Enter)
  --name NAME    name of the playground (default: demo)
  --help         this text

Ctrl-C ends it and leaves nothing behind.
`;

const startedAt = performance.now();
const demoDirectory = join(import.meta.dirname, '../demo');
const readyMsMax = 60_000;

await exitWhenWritten(await main());

async function main(): Promise<number> {
  try {
    const options = {
      check: { type: 'boolean' },
      manual: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
      name: { type: 'string', default: 'demo' },
    } as const;
    const parsed = parseCommandLine(process.argv.slice(2), options, { min: 0, max: 0 });
    if (parsed.flag('help')) return print(help);
    const stateDirectory = placeOf(parsed);
    const isCheck = parsed.flag('check');
    const binaries = await prepare(stateDirectory);
    if (typeof binaries === 'number') return binaries;
    const directory = join(stateDirectory, 'manifests');
    const screen = new Screen(!isCheck);
    const end = endOfRun();
    const playground = await startUnlessEnded(end, {
      directory,
      stateDirectory,
      binaries,
      images: new Map([['demo/books', join(demoDirectory, 'apps')]]),
      prepare: () => cpSync(join(demoDirectory, 'manifests'), directory, { recursive: true }),
      report: (message) => screen.note(message),
    });
    if (playground === undefined) return 130;
    return await runStory(playground, screen, {
      end,
      isCheck,
      isManual: parsed.flag('manual'),
    });
  } catch (thrown) {
    if (thrown instanceof UsageError) {
      process.stderr.write(`${thrown.message}\n${usage}\nMore: npm run demo -- --help\n`);
      return 2;
    }
    process.stderr.write(`${MeshError.from(thrown).message}\n`);
    return 1;
  }
}

async function runStory(
  playground: Playground,
  screen: Screen,
  mode: { readonly end: EndOfRun; readonly isCheck: boolean; readonly isManual: boolean },
): Promise<number> {
  const { end } = mode;
  const checks: Check[] = [];
  let wasEnded = '';
  const control = await ControlServer.start(playground, () => end.now('down'));
  const tell = mode.isCheck
    ? checkStory(playground, screen, checks)
    : tellStory(playground, screen, mode.isManual);
  const diagnostics = mode.isCheck
    ? undefined
    : watchDiagnostics(playground, (message) => screen.note(message));
  try {
    wasEnded = await Promise.race([end.reason, tell.then(() => '')]);
  } catch (thrown) {
    checks.push({ name: 'the demo runs', isOk: false, detail: MeshError.from(thrown).message });
  }
  diagnostics?.stop();
  screen.close();
  if (wasEnded !== '') screen.line(`ending (${wasEnded}) ...`);
  tell.catch(() => undefined);
  control.close();
  const { link } = playground.network.plan;
  await playground.close();
  if (!mode.isCheck) return checks.length > 0 ? failed(screen, checks) : 0;
  if (wasEnded !== '') return 130;
  checks.push(await checkNothingLeft(playground.stateDirectory, link));
  return summary(screen, checks);
}

/** The story for people: every step with its edit, and the table of who buys what. Stays at the end until it is ended. */
async function tellStory(playground: Playground, screen: Screen, isManual: boolean): Promise<void> {
  await awaitPods(playground, screen);
  const addresses = await openAddresses(playground);
  for (const line of addresses.lines) screen.line(line);
  for (const [index, step] of story.entries()) {
    screen.line('');
    screen.heading(`Step ${index + 1} of ${story.length}: ${step.title}`);
    screen.line(`  ${step.text}`);
    if (step.edit !== undefined) {
      const yours = `  ${step.edit.file} is as you made it: the story leaves it so. This step's edit is yours, if you like.`;
      for (const line of makeEdit(playground, step.edit) ?? [yours]) screen.line(line);
    }
    const isLast = index === story.length - 1;
    await screen.showTable(
      playground,
      isLast
        ? 'The story is over: edit the manifests as you like. Ctrl-C ends it.'
        : isManual
          ? 'Enter: next step'
          : 'Enter: next step (or wait)',
      isLast || isManual ? undefined : 15_000,
    );
  }
}

async function checkStory(playground: Playground, screen: Screen, checks: Check[]): Promise<void> {
  await awaitPods(playground, screen);
  const report = (check: Check): void => {
    checks.push(check);
    screen.check(check);
  };
  for (const [index, step] of story.entries()) {
    screen.heading(`Step ${index + 1} of ${story.length}: ${step.title}`);
    if (step.edit !== undefined && makeEdit(playground, step.edit) === undefined)
      report({ name: step.edit.file, isOk: false, detail: 'somebody else has edited it' });
    await checkStep(playground, step, report);
    if (step.title === 'Split 50/50') {
      await checkWire(playground, report);
      await checkHandshakes(playground, report);
      await checkDatabase(playground, report);
    }
  }
}

async function awaitPods(playground: Playground, screen: Screen): Promise<void> {
  screen.line(`starting the pods ...`);
  if (await playground.settled(readyMsMax))
    return screen.line(`all pods are ready after ${seconds()} s`);
  const waiting = playground.pods
    .filter((pod) => !pod.ready)
    .map((pod) => `${pod.title}: ${pod.view().reason}`);
  throw new MeshError(
    'io',
    `these pods are not ready after ${readyMsMax / 1000} s:\n${waiting.join('\n')}`,
  );
}

/** Edits the step's file as a user would; returns lines that show the edit, or undefined when the file is not as the story left it. */
function makeEdit(playground: Playground, edit: Edit): string[] | undefined {
  const path = join(playground.directory, edit.file);
  const before = existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  const after = before === undefined ? undefined : edit.apply(before);
  if (before === undefined || after === undefined) return undefined;
  writeFileSync(path, after);
  return [`  ${edit.file}`, ...changedLines(before, after).map((line) => `    ${line}`)];
}

async function checkNothingLeft(stateDirectory: string, link: string): Promise<Check> {
  const links = await run('ip', ['link', 'show', link]);
  const rules = await run('ip', ['route']);
  const left = [
    ...(existsSync(stateDirectory) ? [stateDirectory] : []),
    ...(links.status === 0 ? [`link ${link}`] : []),
    ...(rules.stdout.includes(link) ? [`route over ${link}`] : []),
    ...processesNaming(`${stateDirectory}/`),
  ];
  return {
    name: 'nothing is left behind',
    isOk: left.length === 0,
    detail: left.length === 0 ? 'no process, link, route or file' : left.join('; '),
  };
}

/** Command lines of this machine's processes that have the text. */
function processesNaming(text: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return words.includes(text) ? [`process ${pid}: ${words.slice(0, 80)}`] : [];
      } catch {
        return [];
      }
    });
}

function summary(screen: Screen, checks: readonly Check[]): number {
  const bad = checks.filter((check) => !check.isOk);
  const last = checks[checks.length - 1];
  if (last !== undefined) screen.check(last);
  screen.line('');
  if (bad.length > 0) return failed(screen, bad);
  screen.line(`All ${checks.length} checks held. ${seconds()} s in all.`);
  return 0;
}

function failed(screen: Screen, bad: readonly Check[]): number {
  screen.line(`Checks that failed: ${bad.length}. ${seconds()} s in all.`);
  for (const check of bad) screen.line(`  ${check.name}: ${check.detail}`);
  return 1;
}

function seconds(): string {
  return ((performance.now() - startedAt) / 1000).toFixed(1);
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}
