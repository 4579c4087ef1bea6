import { join, resolve } from 'node:path';
import { MeshError } from '@osm/prelude';
import type { Binaries } from './binaries.ts';
import { ClusterController, type OwnService } from './cluster/controller.ts';
import { ClusterDirectory } from './cluster/cluster-directory.ts';
import { readDesired, type Desired } from './cluster/desired.ts';
import { field, isObject, type JsonObject } from './cluster/json.ts';
import { ManifestDirectory, type DirectoryContents } from './cluster/manifest-directory.ts';
import type { Problem } from './cluster/manifests.ts';
import { ServiceAddresses } from './cluster/service-addresses.ts';
import { admitPod } from './mesh/admission.ts';
import { MeshServices, type ExistingNats, type MeshServicesOptions } from './mesh/mesh-services.ts';
import { agentDirectory, agentImage } from './mesh/build-services.ts';
import { InjectedSecrets } from './mesh/secrets.ts';
import { Dialer } from './network/dialer.ts';
import { NodeNetwork } from './network/node-network.ts';
import type { Images } from './pods/container-command.ts';
import { markedBootstrap, proxyUid } from './pods/one-user.ts';
import type { PodRunner } from './pods/pod-runner.ts';
import { pause } from './process/backoff.ts';
import { probeIsolation, type Isolation } from './process/isolation.ts';
import { claimedBefore } from './privilege/handover.ts';
import { removeStateDirectory, takeStateDirectory } from './state-directory.ts';

export interface PlaygroundOptions {
  /** The user's manifests. */
  readonly directory: string;
  readonly stateDirectory: string;
  readonly binaries: Binaries;
  readonly images?: Images;
  /** Processes per service; default 1. */
  readonly replicas?: number;
  /** More flags per service. */
  readonly flags?: MeshServicesOptions['flags'];
  /** A NATS that is there already. */
  readonly nats?: ExistingNats;
  /** False runs no mesh at all: every pod is without sidecar. For tests of the engine. */
  readonly mesh?: boolean;
  /** Runs when the state directory is there and empty: may put files into it. */
  readonly prepare?: () => void;
  /** Something the user should read, a line at a time. */
  readonly report: (message: string) => void;
  /** What pods do, a line at a time. */
  readonly onEvent?: (message: string) => void;
}

/** A running playground: network, services, pods. Everything in it ends with `close`, or with this process. */
export class Playground {
  readonly network: NodeNetwork;
  readonly dialer: Dialer;
  readonly services: MeshServices | undefined;
  readonly controller: ClusterController;
  readonly addresses: ServiceAddresses;
  readonly directory: string;
  readonly stateDirectory: string;
  readonly images: Images;
  readonly isolation: Isolation;
  readonly #manifests: ManifestDirectory;
  readonly #report: (message: string) => void;
  readonly #secrets: InjectedSecrets | undefined;
  #problems: readonly Problem[] = [];
  #closing: Promise<void> | undefined;

  /** @throws MeshError when something cannot start; everything that was started has ended then */
  static async start(options: PlaygroundOptions): Promise<Playground> {
    takeStateDirectory(options.stateDirectory, claimedBefore());
    const undo: (() => Promise<void>)[] = [];
    try {
      options.prepare?.();
      const isolation = await probeIsolation(proxyUid);
      const network = await NodeNetwork.create();
      undo.push(() => network.close());
      const dialer = await Dialer.create(options.stateDirectory);
      undo.push(() => dialer.close());
      const addresses = new ServiceAddresses(network.plan);
      const cluster = new ClusterDirectory(join(options.stateDirectory, 'cluster'));
      const poke = { now: (): void => undefined };
      const services =
        options.mesh === false
          ? undefined
          : await startMesh(options, network, addresses, () => poke.now());
      if (services !== undefined) undo.push(() => services.close());
      if (services !== undefined) await checkFirewall(dialer, network, services);
      const playground = new Playground({
        ...{ options, isolation, network, dialer, addresses, cluster, services },
      });
      poke.now = () => playground.controller.poke();
      playground.#apply(playground.#manifests.read());
      return playground;
    } catch (thrown) {
      for (const step of undo.reverse()) await step().catch(() => undefined);
      removeStateDirectory(options.stateDirectory);
      throw thrown;
    }
  }

  private constructor(parts: {
    readonly options: PlaygroundOptions;
    readonly isolation: Isolation;
    readonly network: NodeNetwork;
    readonly dialer: Dialer;
    readonly addresses: ServiceAddresses;
    readonly cluster: ClusterDirectory;
    readonly services: MeshServices | undefined;
  }) {
    const { options, isolation, services, network, dialer, addresses, cluster } = parts;
    this.network = network;
    this.dialer = dialer;
    this.services = services;
    this.addresses = addresses;
    this.directory = resolve(options.directory);
    this.stateDirectory = options.stateDirectory;
    this.images = new Map([[agentImage, agentDirectory], ...(options.images ?? [])]);
    this.isolation = isolation;
    this.#report = options.report;
    this.#secrets =
      services && new InjectedSecrets(services.secretDirectory, () => this.#refreshVolumes());
    this.#manifests = new ManifestDirectory(this.directory, (contents) => this.#apply(contents));
    this.controller = new ClusterController({
      addresses,
      cluster,
      onEvent: options.onEvent ?? (() => undefined),
      ownServices: (): readonly OwnService[] => services?.ownServices() ?? [],
      surroundings: {
        network,
        dialer,
        images: this.images,
        isolation,
        directory: join(options.stateDirectory, 'pods'),
        programs: new Map([
          ['envoy', options.binaries.envoy],
          ['node', process.execPath],
          ['osm-healthcheck', join(import.meta.dirname, '../programs/osm-healthcheck')],
        ]),
        admit: (pod) => this.#admit(pod),
        release: (pod) => this.#release(pod),
        contents: (namespace, { kind, name }) =>
          this.controller.desired?.contents.get(`${kind}/${namespace}/${name}`) ??
          (kind === 'Secret' ? this.#injected(namespace, name) : undefined),
        report: options.report,
      },
    });
  }

  /** What is wrong in the user's files, as the playground sees it (the mesh's own diagnostics apart). */
  get problems(): readonly Problem[] {
    return this.#problems;
  }

  get pods(): readonly PodRunner[] {
    return this.controller.pods;
  }

  /** Waits until all pods that the files ask for are there and ready; false when the time is over. Those that `ignore` names may be as they are. */
  async settled(
    timeoutMs: number,
    ignore: (pod: PodRunner) => boolean = () => false,
  ): Promise<boolean> {
    if (this.controller.isSettled(ignore)) return true;
    return new Promise((resolve) => {
      const done = (isSettled: boolean): void => {
        stop();
        clearTimeout(timer);
        resolve(isSettled);
      };
      const timer = setTimeout(() => done(false), timeoutMs);
      const stop = this.controller.onPass(() => {
        if (this.controller.isSettled(ignore)) done(true);
      });
    });
  }

  /** Reads the user's files now instead of when the kernel tells of a change. */
  reread(): void {
    this.#apply(this.#manifests.read());
  }

  /** Ends everything and removes the state directory. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#manifests.close();
    this.#secrets?.close();
    await this.controller.close(1500);
    await this.services?.close();
    await this.dialer.close();
    await this.network.close();
    // Mounts of ended pods go some milliseconds after their processes.
    await pause(10);
    removeStateDirectory(this.stateDirectory);
  }

  #apply(contents: DirectoryContents): void {
    const desired: Desired = readDesired(contents.manifests);
    const problems = [...contents.problems, ...desired.problems];
    const known = new Set(this.#problems.map((problem) => JSON.stringify(problem)));
    for (const problem of problems) {
      if (!known.has(JSON.stringify(problem)))
        this.#report(`${problem.file}:${problem.line}: ${problem.message}`);
    }
    this.#problems = problems;
    this.controller.setDesired(desired);
  }

  async #admit(pod: JsonObject): Promise<JsonObject> {
    const metadata = field(pod).at('metadata');
    const namespace = this.controller.desired?.namespaces.get(
      metadata.at('namespace').text() ?? '',
    );
    if (this.services === undefined || namespace?.isMeshed !== true) return pod;
    const own = metadata.at('annotations').textMap().get('openservicemesh.io/sidecar-injection');
    const wantsSidecar = /^(enabled|yes|true)$/i.test(own ?? namespace.injection);
    return admitPod(this.services, pod, wantsSidecar);
  }

  #injected(namespace: string, name: string): ReadonlyMap<string, Buffer> | undefined {
    const files = this.#secrets?.contents(namespace, name);
    return files !== undefined && this.isolation.isOneUser ? markedBootstrap(files) : files;
  }

  #release(pod: JsonObject): void {
    const namespace = field(pod).at('metadata').at('namespace').text() ?? '';
    for (const volume of field(pod).at('spec').at('volumes').items()) {
      const secret = isObject(volume.value) ? volume.value['secret'] : undefined;
      const name = isObject(secret) ? secret['secretName'] : undefined;
      if (typeof name === 'string') this.#secrets?.remove(namespace, name);
    }
  }

  #refreshVolumes(): void {
    for (const pod of this.pods) pod.instance?.refreshVolumes();
  }
}

/** Pods reach the services through the host's own firewall: one that lets nothing in would leave every proxy without configuration. */
async function checkFirewall(
  dialer: Dialer,
  network: NodeNetwork,
  services: MeshServices,
): Promise<void> {
  const { hostAddress, link } = network.plan;
  try {
    const { http } = services.instances[0] ?? { http: '' };
    const socket = await dialer.connect(network.pid, hostAddress, Number(new URL(http).port));
    socket.destroy();
  } catch (cause) {
    throw new MeshError(
      'io',
      `pods cannot reach this machine's address ${hostAddress} (${MeshError.from(cause).message}). ` +
        `Is there a firewall? Let in what comes from the link, for example: sudo ufw allow in on ${link}`,
      { cause },
    );
  }
}

async function startMesh(
  options: PlaygroundOptions,
  network: NodeNetwork,
  addresses: ServiceAddresses,
  onChange: () => void,
): Promise<MeshServices> {
  const directory = resolve(options.directory);
  if (directory.includes(','))
    throw new MeshError('invalid_config', `${directory}: the path must not have a comma`);
  return MeshServices.start({
    natsServer: options.binaries.natsServer,
    stateDirectory: options.stateDirectory,
    host: network.plan.hostAddress,
    xdsAddress: addresses.of('osm-system/osm-controller'),
    directories: [directory, join(options.stateDirectory, 'cluster')],
    ...(options.replicas === undefined ? {} : { replicas: options.replicas }),
    ...(options.flags === undefined ? {} : { flags: options.flags }),
    ...(options.nats === undefined ? {} : { nats: options.nats }),
    onChange,
    report: options.report,
  });
}
