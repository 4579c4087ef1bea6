import { spawn } from 'node:child_process';
import { readlinkSync, statSync } from 'node:fs';
import { constants } from 'node:os';
import { ask } from '../control/control-client.ts';
import type { ExecAnswer, ExecPlan } from '../control/protocol.ts';
import { parseCommandLine, placeHelp, placeOptions, UsageError, type Command } from './command.ts';
import { placeOf } from './place.ts';

export const execCommand: Command = {
  name: 'exec',
  usage: 'NAMESPACE/POD [-c CONTAINER] -- COMMAND [ARG...]',
  summary:
    "run a command in a pod, with the caller's input and output; its exit status is the result",
  help: `  -c, --container NAME  which container (default: the first that is not the sidecar)\n${placeHelp}\nA Deployment's name stands for one of its pods.`,
  async run(args) {
    const end = args.indexOf('--');
    if (end < 0) throw new UsageError('The command is missing: put it after --.');
    const words = args.slice(end + 1);
    if (words.length === 0) throw new UsageError('There is no command after --.');
    // -i and -t are accepted for the fingers' sake: input and terminal are always passed on.
    const options = {
      ...placeOptions,
      container: { type: 'string', short: 'c' },
      stdin: { type: 'boolean', short: 'i' },
      tty: { type: 'boolean', short: 't' },
    } as const;
    const parsed = parseCommandLine(args.slice(0, end), options, {
      min: 1,
      max: 1,
      what: 'NAMESPACE/POD',
    });
    const container = parsed.text('container');
    const pod = parsed.positionals[0] ?? '';
    return runInPod(placeOf(parsed), { pod, container, words });
  },
};

/** Runs a command in a container of a pod, with this process' input and output, and returns its status. */
export async function runInPod(
  stateDirectory: string,
  command: {
    readonly pod: string;
    /** Undefined: the first that is not the sidecar. */
    readonly container: string | undefined;
    readonly words: readonly string[];
  },
): Promise<number> {
  const { pod, container, words } = command;
  const plan = await ask<ExecAnswer>(stateDirectory, '/exec', [
    ['pod', pod],
    ...(container === undefined ? [] : [['container', container] as const]),
    ...words.map((word) => ['word', word] as const),
  ]);
  return runInherited(fromHere(plan, statSync(stateDirectory)));
}

/** The plan for this process, which may be outside the user namespace in which the playground runs, and may be root for its owner. */
function fromHere(
  plan: ExecAnswer,
  owner: { readonly uid: number; readonly gid: number },
): ExecPlan {
  const namespace = (pid: number | 'self'): string => readlinkSync(`/proc/${pid}/ns/user`);
  if (namespace('self') === namespace(plan.runner)) return plan;
  const ids = [`--reuid=${owner.uid}`, `--regid=${owner.gid}`, '--clear-groups'];
  const asOwner = process.getuid?.() === owner.uid ? [] : ['setpriv', ...ids];
  const enter = ['nsenter', '-t', `${plan.runner}`, '--user', '--preserve-credentials', '--'];
  const [program = '', ...args] = [...asOwner, ...enter, plan.program, ...plan.args];
  return { program, args, env: plan.env };
}

function runInherited(plan: ExecPlan): Promise<number> {
  const terminal = process.env['TERM'] === undefined ? {} : { TERM: process.env['TERM'] };
  const child = spawn(plan.program, plan.args, {
    stdio: 'inherit',
    env: { ...plan.env, ...terminal },
  });
  // The terminal sends Ctrl-C to the command too: it decides what that means.
  const ignore = (): void => undefined;
  process.on('SIGINT', ignore);
  process.on('SIGTERM', () => child.kill('SIGKILL'));
  return new Promise((resolve) => {
    child.once('error', () => resolve(127));
    child.once('close', (code, signal) => {
      process.off('SIGINT', ignore);
      resolve(code ?? 128 + (signal === null ? 1 : constants.signals[signal]));
    });
  });
}
