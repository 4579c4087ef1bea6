import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { freePort } from '@osm/bus';
import { MeshError } from '@osm/prelude';
import { nodeFlags } from '@osm/services';
import { startChild, type Child } from './child.ts';

/** The services of the mesh, in the order in which their memory is reported. */
export const serviceNames = [
  'catalog-watcher',
  'policy-compiler',
  'certificate-manager',
  'xds-server',
  'injector',
] as const;

export type ServiceName = (typeof serviceNames)[number];

/** A running service and where it answers. */
export interface Service {
  readonly child: Child;
  readonly httpPort: number;
}

export interface ServicesOptions {
  /** Directory with `<service>/main.js`. */
  readonly bundles: string;
  /** State and logs of the run. */
  readonly directory: string;
  readonly meshDirectory: string;
  readonly natsUrl: string;
  /** Credentials file by service. */
  readonly credentials: ReadonlyMap<string, string>;
  readonly xdsPort: number;
  /** Which ones; all when undefined. */
  readonly only?: readonly ServiceName[];
  /** The injector's, instead of a free port and a directory for its Secrets. */
  readonly injectorFlags?: readonly string[];
  /** Further flags for node, by name of the process. */
  readonly nodeFlags: (name: string) => readonly string[];
}

/** Starts the services; they are ready when `waitUntilReady` says so. */
export async function startServices(
  options: ServicesOptions,
): Promise<ReadonlyMap<ServiceName, Service>> {
  const services = new Map<ServiceName, Service>();
  for (const name of options.only ?? serviceNames) {
    const httpPort = await freePort('127.0.0.1');
    const credentials = options.credentials.get(name);
    const args = [
      ...nodeFlags,
      ...options.nodeFlags(name),
      join(options.bundles, name, 'main.js'),
      ...['--http-port', String(httpPort), '--http-host', '127.0.0.1', '--log-level', 'warn'],
      ...['--nats-url', options.natsUrl],
      ...(credentials === undefined ? [] : ['--nats-credentials', credentials]),
      ...(await ownFlags(name, options)),
    ];
    const child = startChild({
      name,
      command: process.execPath,
      args,
      cwd: options.directory,
      env: { NODE_ENV: 'production' },
      logFile: join(options.directory, `${name}.log`),
    });
    services.set(name, { child, httpPort });
  }
  return services;
}

async function ownFlags(name: ServiceName, options: ServicesOptions): Promise<string[]> {
  switch (name) {
    case 'catalog-watcher':
      return ['--directory', options.meshDirectory];
    case 'certificate-manager':
      return ['--ca-directory', join(options.directory, 'ca')];
    case 'xds-server':
      return ['--xds-host', '127.0.0.1', '--xds-port', String(options.xdsPort)];
    case 'injector':
      return [
        ...['--webhook-host', '127.0.0.1'],
        ...(options.injectorFlags ?? [
          ...['--webhook-port', String(await freePort('127.0.0.1'))],
          ...['--secret-directory', join(options.directory, 'secrets')],
        ]),
        ...['--xds-address', `127.0.0.1:${options.xdsPort}`],
      ];
    case 'policy-compiler':
      return [];
  }
}

const askAgainAfterMs = 25;

/** Resolves when every service says ready; fails with the reasons of those that do not within the time. */
export async function waitUntilReady(
  services: ReadonlyMap<ServiceName, Service>,
  timeoutMs: number,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (const [name, service] of services) {
    let reason = await reasonNotReady(service);
    while (reason !== undefined) {
      if (performance.now() > deadline)
        throw new MeshError('io', `${name} is not ready after ${timeoutMs} ms: ${reason}`);
      const died = await Promise.race([service.child.died, sleep(askAgainAfterMs, undefined)]);
      if (died !== undefined) throw new MeshError('io', died);
      reason = await reasonNotReady(service);
    }
  }
}

async function reasonNotReady(service: Service): Promise<string | undefined> {
  try {
    const response = await fetch(`http://127.0.0.1:${service.httpPort}/health/ready`);
    const text = await response.text();
    return response.status === 200 ? undefined : text.trim().replaceAll('\n', '; ');
  } catch (thrown) {
    return MeshError.from(thrown).message;
  }
}

/** The value of a metric, summed over its labels; 0 when there is none. */
export async function readMetric(service: Service, name: string): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${service.httpPort}/metrics`);
  const text = await response.text();
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
