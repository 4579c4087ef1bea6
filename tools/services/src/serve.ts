// `tsx tools/services/src/serve.ts SERVICE [flags]`, or `npx nx serve SERVICE`: runs one service from source, restarts it when a source
// file changes, and sees to it that a NATS with development credentials is there. Ends with Ctrl-C, leaving nothing running.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  bundlePath,
  nodeFlags,
  repositoryRoot,
  serviceNames,
  watchService,
  type ServiceName,
} from './bundle.ts';
import { keepNatsRunning } from './development-nats.ts';

const [wanted, ...flags] = process.argv.slice(2);
const service = serviceNames.find((name) => name === wanted);
if (service === undefined) {
  process.stderr.write(`usage: serve SERVICE [flags], SERVICE one of ${serviceNames.join(', ')}\n`);
  process.exit(2);
}

const state = join(repositoryRoot, '.osm/dev');
mkdirSync(join(state, 'mesh'), { recursive: true });
mkdirSync(join(state, 'secrets'), { recursive: true });
const end = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => end.abort());

const nats = await keepNatsRunning(join(state, 'nats'), end.signal);
void nats.stopped.then(() => {
  if (!end.signal.aborted) say('its NATS was ended from outside: this ends, too');
  end.abort();
});
const environment = { ...developmentEnvironment(service), ...process.env };
say(
  `NATS at ${environment.OSM_NATS_URL ?? ''}, http://127.0.0.1:${environment.OSM_HTTP_PORT ?? ''}`,
);

let child: ChildProcess | undefined;
let restarting = Promise.resolve();
const restart = async (errors: number): Promise<void> => {
  if (errors > 0) return say(`${errors} errors: the running one stays`);
  await stop();
  if (end.signal.aborted || service === undefined) return;
  child = spawn(
    process.execPath,
    ['--enable-source-maps', ...nodeFlags, bundlePath(service), ...flags],
    {
      stdio: 'inherit',
      env: environment,
    },
  );
  child.once('exit', (code) => {
    if (code !== 0 && !end.signal.aborted) say(`ended with status ${code}; waiting for a change`);
  });
};
const build = await watchService(service, (errors) => {
  restarting = restarting.then(() => restart(errors));
});
await build.watch();
await new Promise((resolve) => end.signal.addEventListener('abort', resolve, { once: true }));
await build.dispose();
await restarting;
await stop();
await nats.stopped;

async function stop(): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

/** Settings with which the five services work together on one machine, each port its own. The environment overrides. */
function developmentEnvironment(name: ServiceName): Record<string, string> {
  return {
    OSM_NATS_URL: nats.url,
    OSM_NATS_CREDENTIALS: nats.credentials(name),
    OSM_HTTP_HOST: '127.0.0.1',
    OSM_HTTP_PORT: String(9091 + serviceNames.indexOf(name)),
    OSM_DIRECTORY: join(state, 'mesh'),
    OSM_CA_DIRECTORY: join(state, 'ca'),
    OSM_SECRET_DIRECTORY: join(state, 'secrets'),
    // On the loopback only: a playground beside it has the same ports on an address of its own.
    OSM_XDS_HOST: '127.0.0.1',
    OSM_XDS_ADDRESS: '127.0.0.1:15128',
    OSM_WEBHOOK_HOST: '127.0.0.1',
  };
}

function say(message: string): void {
  process.stdout.write(`[serve ${wanted ?? ''}] ${message}\n`);
}
