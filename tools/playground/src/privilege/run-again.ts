import { spawn, type ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import { onParentGone } from '../parent.ts';
import { dieWithParent } from '../process/children.ts';
import { handoverVariables, type Handover } from './handover.ts';
import { listenForChild } from './outside.ts';
import type { Way } from './way.ts';

const passOnMs = 500;

/** Runs this program again where it can do its work, and returns its exit status. */
export function runAgain(
  way: Way & { readonly kind: 'in user namespaces' | 'with sudo' },
  handover: Handover = {},
): Promise<number> {
  const program = process.env['OSM_PLAYGROUND_PROGRAM'];
  const [script = '', ...own] = process.argv.slice(1);
  const words = [
    ...[process.execPath, ...process.execArgv, script],
    ...(program === undefined ? [] : [program]),
    ...own,
  ];
  return way.kind === 'with sudo'
    ? runWithSudo(words, handover)
    : runInside(words, { ...handover, isHalf: true });
}

/**
 * Runs a command in a new user namespace in which it is root, with a network of its own in which there is loopback only. It ends with
 * this process, also when that is killed. The second half of this program is given ports outside when it asks for them.
 */
export function runInside(
  words: readonly string[],
  options: Handover & { readonly isHalf?: boolean } = {},
): Promise<number> {
  const flags = ['--user', '--map-root-user', '--net'];
  const [command, args] = dieWithParent('unshare', [
    ...[...flags, 'sh', '-c', 'ip link set lo up && exec "$@"', 'playground'],
    ...words,
  ]);
  const child = spawn(command, args, {
    stdio: ['inherit', 'inherit', 'inherit', ...(options.isHalf === true ? ['ipc' as const] : [])],
    env: { ...process.env, ...handoverVariables(options) },
  });
  if (options.isHalf === true) {
    listenForChild(child);
    // For who sends Ctrl-C's signal to this half alone. From a terminal the child has had it by then, and knows no second one of this kind.
    process.on('SIGINT', () => setTimeout(() => child.kill('SIGTERM'), passOnMs));
  }
  return ended(child);
}

function runWithSudo(words: readonly string[], handover: Handover): Promise<number> {
  // sudo's own PATH may not have this Node.js, and -E is not always allowed: both are said explicitly.
  const kept = [
    ...['ENVOY_PATH', 'NATS_SERVER_PATH', 'PATH', 'HOME', 'TERM', 'TSX_DISABLE_CACHE'],
    'npm_lifecycle_event',
  ];
  const env = [
    ...kept.map((name) => [name, process.env[name]] as const),
    ...Object.entries(handoverVariables(handover)),
  ].flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));
  return ended(spawn('sudo', ['env', ...env, ...words], { stdio: 'inherit' }));
}

/** Waits for a child that does this process's work, passes signals on to it, and returns its exit status. */
export function ended(child: ChildProcess): Promise<number> {
  // Ctrl-C reaches the child from the terminal; a signal to this process alone is passed on.
  const ignore = (): void => undefined;
  process.on('SIGINT', ignore);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  onParentGone(() => child.kill('SIGTERM'));
  return new Promise((resolve) => {
    child.once('error', () => resolve(1));
    child.once('close', (code, signal) =>
      resolve(code ?? 128 + (signal === null ? 1 : constants.signals[signal])),
    );
  });
}
