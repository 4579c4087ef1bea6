import { mkdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { MeshError } from '@osm/prelude';
import { nodeFlags } from '@osm/services';
import type { OwnService } from '../cluster/controller.ts';
import { pause } from '../process/backoff.ts';
import { SupervisedProcess } from '../process/supervised-process.ts';
import { repositoryRoot } from '../repository.ts';
import { pickPort } from './ports.ts';
import { ServiceInstance } from './service-instance.ts';

/** The five services, in the order of the data flow. */
export const serviceNames = [
  'catalog-watcher',
  'certificate-manager',
  'policy-compiler',
  'xds-server',
  'injector',
] as const;
export type ServiceName = (typeof serviceNames)[number];

/** A NATS that somebody else runs. */
export interface ExistingNats {
  readonly url: string;
  /** What a service has to be told to use it, beside the address: credentials, who signed its certificate. */
  readonly flags: (service: ServiceName) => readonly string[];
}

export interface MeshServicesOptions {
  readonly natsServer: string;
  /** Used instead of a NATS of the playground's own. */
  readonly nats?: ExistingNats;
  /** For NATS' files, the root certificate, bootstrap secrets, logs. */
  readonly stateDirectory: string;
  /** Address on which all listen: the host's end of the link to the node. */
  readonly host: string;
  /** Address under which pods find the xDS servers. */
  readonly xdsAddress: string;
  /** Directories of manifests, later ones win. */
  readonly directories: readonly string[];
  /** Processes per service. */
  readonly replicas?: number;
  /** More flags per service. */
  readonly flags?: Readonly<Partial<Record<ServiceName, readonly string[]>>>;
  readonly onChange: () => void;
  readonly report: (message: string) => void;
}

const xdsPort = 15128;
const startMsMax = 60_000;

/** NATS and the five services of the mesh as processes of this machine, supervised. */
export class MeshServices {
  /** Undefined when the NATS is somebody else's. */
  readonly nats: SupervisedProcess | undefined;
  readonly natsUrl: string;
  readonly instances: readonly ServiceInstance[];
  /** Where the injector writes bootstrap Secrets. */
  readonly secretDirectory: string;
  /** Where the certificate-manager keeps the root certificate, as ca.crt. */
  readonly caDirectory: string;
  readonly webhooks: readonly Listener[];
  readonly #options: MeshServicesOptions;
  readonly #xds: readonly Listener[];
  readonly #natsStore: string;

  private constructor(options: MeshServicesOptions, parts: Parts) {
    this.#options = options;
    this.nats = parts.nats;
    this.natsUrl = parts.natsUrl;
    this.instances = parts.instances;
    this.secretDirectory = parts.secretDirectory;
    this.caDirectory = parts.caDirectory;
    this.webhooks = parts.webhooks;
    this.#xds = parts.xds;
    this.#natsStore = parts.natsStore;
  }

  /** Starts all and waits until each says it is ready. */
  static async start(options: MeshServicesOptions): Promise<MeshServices> {
    const parts = await prepare(options);
    const services = new MeshServices(options, parts);
    try {
      await parts.startNats();
      for (const instance of services.instances) instance.start();
      await services.#awaitReady();
    } catch (thrown) {
      await services.close();
      throw thrown;
    }
    return services;
  }

  of(service: ServiceName): readonly ServiceInstance[] {
    return this.instances.filter((instance) => instance.service === service);
  }

  /** The service under which proxies find the xDS servers that are ready. */
  ownServices(): OwnService[] {
    const { host, xdsAddress } = this.#options;
    const endpoints = this.#xds
      .filter(({ instance }) => instance.isReady)
      .map(({ port }) => ({ ip: host, port }));
    const rules = [{ address: xdsAddress, protocol: 'tcp' as const, port: xdsPort, endpoints }];
    return [{ namespace: 'osm-system', name: 'osm-controller', address: xdsAddress, rules }];
  }

  /** Ends NATS, removes everything it has stored, and lets it start again: for tests. */
  async wipeNats(): Promise<void> {
    this.nats?.kill('SIGSTOP');
    rmSync(this.#natsStore, { recursive: true, force: true });
    this.nats?.kill('SIGKILL');
    await Promise.resolve();
  }

  async close(): Promise<void> {
    await Promise.all(this.instances.map((instance) => instance.stop(3000)));
    await this.nats?.stop(2000);
  }

  async #awaitReady(): Promise<void> {
    const timeout = new AbortController();
    const all = Promise.all(this.instances.map((instance) => instance.ready()));
    const late = pause(startMsMax, timeout.signal).then(() => 'late' as const);
    const first = await Promise.race([all, late]);
    timeout.abort();
    if (first !== 'late') return;
    const waiting = this.instances.filter((instance) => !instance.isReady);
    const reasons = await Promise.all(
      waiting.map(
        async (instance) =>
          `${instance.name}: ${(await instance.missing()) || 'no answer'} (log: ${instance.process.logPath})`,
      ),
    );
    throw new MeshError(
      'io',
      `services are not ready after ${startMsMax / 1000} s:\n${reasons.join('\n')}`,
    );
  }
}

/** A process and the port on which it does its work. */
interface Listener {
  readonly instance: ServiceInstance;
  readonly port: number;
}

interface Parts {
  readonly nats: SupervisedProcess | undefined;
  /** Resolves when it answers. */
  readonly startNats: () => Promise<void>;
  readonly natsUrl: string;
  readonly natsStore: string;
  readonly instances: readonly ServiceInstance[];
  readonly secretDirectory: string;
  readonly caDirectory: string;
  readonly webhooks: readonly Listener[];
  readonly xds: readonly Listener[];
}

async function prepare(options: MeshServicesOptions): Promise<Parts> {
  const { host, stateDirectory } = options;
  const place = (name: string): string => {
    const path = join(stateDirectory, name);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return path;
  };
  const directories = {
    nats: place('nats'),
    ca: place('ca'),
    secrets: place('secrets'),
    logs: place('logs'),
  };
  const {
    nats,
    startNats,
    url: natsUrl,
    flags: busFlags,
  } = options.nats === undefined
    ? await prepareNats(options, directories)
    : { ...options.nats, nats: undefined, startNats: () => Promise.resolve() };
  const instances: ServiceInstance[] = [];
  const webhooks: Listener[] = [];
  const xds: Listener[] = [];
  for (let replica = 0; replica < (options.replicas ?? 1); replica++) {
    for (const [index, service] of serviceNames.entries()) {
      const httpPort = await pickPort(host, 9091 + index + 10 * replica);
      const port = await pickPort(
        host,
        service === 'xds-server' ? xdsPort + replica : 9090 + 10 * replica,
      );
      const name = replica === 0 ? service : `${service}-${replica + 1}`;
      const own: Readonly<Record<ServiceName, readonly string[]>> = {
        'catalog-watcher': options.directories.flatMap((directory) => ['--directory', directory]),
        'certificate-manager': ['--ca-directory', directories.ca],
        'policy-compiler': [],
        'xds-server': ['--xds-host', host, '--xds-port', `${port}`],
        injector: [
          '--webhook-host',
          host,
          '--webhook-port',
          `${port}`,
          '--secret-directory',
          directories.secrets,
        ],
      };
      const bus = ['--nats-url', natsUrl, ...busFlags(service)];
      const http = ['--http-host', host, '--http-port', `${httpPort}`];
      const flags = [...http, ...bus, ...own[service], ...(options.flags?.[service] ?? [])];
      const instance = createInstance(
        { service, name, flags, http: `http://${host}:${httpPort}`, logs: directories.logs },
        options,
      );
      instances.push(instance);
      if (service === 'injector') webhooks.push({ instance, port });
      if (service === 'xds-server') xds.push({ instance, port });
    }
  }
  const natsStore = join(directories.nats, 'jetstream');
  const shared = { secretDirectory: directories.secrets, caDirectory: directories.ca };
  return { nats, startNats, natsUrl, natsStore, instances, webhooks, xds, ...shared };
}

async function prepareNats(
  options: MeshServicesOptions,
  directories: { readonly nats: string; readonly logs: string },
) {
  const { host } = options;
  const natsPort = await pickPort(host, 4222);
  // Imported here: it needs code that a fresh checkout has only after the services were built.
  const { createDevelopmentCredentials } = await import('@osm/bus');
  const credentials = createDevelopmentCredentials(directories.nats, { host, port: natsPort });
  const nats = new SupervisedProcess({
    name: 'nats',
    command: options.natsServer,
    args: ['-c', credentials.configFile],
    env: { PATH: process.env['PATH'] ?? '' },
    logPath: join(directories.logs, 'nats.log'),
    onChange: (change) => {
      if (change.kind === 'ended')
        options.report(`${change.text}; its log: ${join(directories.logs, 'nats.log')}`);
    },
  });
  return {
    nats,
    startNats: () => {
      nats.start();
      return awaitPort(host, natsPort);
    },
    url: `nats://${host}:${natsPort}`,
    flags: (service: ServiceName) => [
      // The address is the host's end of a link to a network namespace of its own: nothing leaves the machine.
      '--nats-plaintext',
      'true',
      '--nats-credentials',
      credentials.files.get(service) ?? '',
    ],
  };
}

interface InstanceFacts {
  readonly service: ServiceName;
  readonly name: string;
  readonly flags: readonly string[];
  readonly http: string;
  readonly logs: string;
}

function createInstance(facts: InstanceFacts, options: MeshServicesOptions): ServiceInstance {
  return new ServiceInstance({
    service: facts.service,
    name: facts.name,
    command: process.execPath,
    args: [
      '--enable-source-maps',
      ...nodeFlags,
      join(repositoryRoot, 'dist/apps', facts.service, 'main.js'),
      ...facts.flags,
    ],
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: process.env['HOME'] ?? '/',
      NODE_ENV: 'production',
    },
    logPath: join(facts.logs, `${facts.name}.log`),
    http: facts.http,
    onChange: options.onChange,
    report: options.report,
  });
}

async function awaitPort(host: string, port: number): Promise<void> {
  const deadline = performance.now() + 15_000;
  for (;;) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect({ host, port });
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
      socket.once('close', () => resolve(false));
      socket.once('data', () => socket.destroy());
    });
    if (isOpen) return;
    if (performance.now() > deadline)
      throw new MeshError('io', `NATS does not answer on ${host}:${port}`);
    await pause(20);
  }
}
