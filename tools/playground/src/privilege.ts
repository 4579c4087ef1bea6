import { spawn, spawnSync } from 'node:child_process';

export type Privilege =
  | { readonly kind: 'root' }
  /** The program ran again as root and has ended. */
  | { readonly kind: 'delegated'; readonly status: number }
  | { readonly kind: 'refused'; readonly message: string };

/**
 * Network namespaces and iptables need root. As another user this runs the same program again with sudo, when sudo asks for no
 * password or there is a terminal to ask on.
 */
export async function becomeRoot(): Promise<Privilege> {
  if (process.getuid?.() === 0) return { kind: 'root' };
  const silent = spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' });
  if (silent.error !== undefined) {
    return { kind: 'refused', message: 'This needs root, and there is no sudo: run it as root.' };
  }
  if (silent.status !== 0 && !process.stdin.isTTY) {
    return {
      kind: 'refused',
      message: 'This needs root, and sudo wants a password: run it as root, or from a terminal.',
    };
  }
  // sudo's own PATH may not have this Node.js, and -E is not always allowed: both are said explicitly.
  const passed = [
    'ENVOY_PATH',
    'NATS_SERVER_PATH',
    'PATH',
    'HOME',
    'TERM',
    'TSX_DISABLE_CACHE',
    'npm_lifecycle_event',
  ].flatMap((name) => (process.env[name] === undefined ? [] : [`${name}=${process.env[name]}`]));
  const program = process.env['OSM_PLAYGROUND_PROGRAM'];
  const [script = '', ...own] = process.argv.slice(1);
  const args = [
    ...['env', ...passed, `OSM_PLAYGROUND_PARENT=${process.pid}`],
    ...[process.execPath, ...process.execArgv, script],
    ...(program === undefined ? [] : [program]),
    ...own,
  ];
  const child = spawn('sudo', args, { stdio: 'inherit' });
  // Ctrl-C reaches the child from the terminal; a signal to this process alone is passed on by ending it: see `endWithParent`.
  const ignore = (): void => undefined;
  process.on('SIGINT', ignore);
  const passOn = (): void => void child.kill('SIGTERM');
  process.on('SIGTERM', passOn);
  const status = await new Promise<number>((resolve) => {
    child.once('error', () => resolve(1));
    child.once('close', (code) => resolve(code ?? 1));
  });
  return { kind: 'delegated', status };
}

/** This process was started as root by an unprivileged one, which has prepared everything that needs no root. */
export function isDelegate(): boolean {
  return process.env['OSM_PLAYGROUND_PARENT'] !== undefined;
}
