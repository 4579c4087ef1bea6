import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { MeshError } from '@osm/prelude';
import type { Holder } from '../network/holder.ts';
import { containerWords, imageTarget, wrapCommand } from './container-command.ts';
import { ContainerProcess } from './container-process.ts';
import { containerEnvironment, type PodFacts } from './environment.ts';
import { writeHosts, writePodFiles } from './pod-files.ts';
import type { Container, PodSpec } from './pod-spec.ts';
import { watchProbe, type ProbeTarget } from './prober.ts';
import { startSandbox, type SandboxMount } from './sandbox.ts';
import { sidecarName, waitUntilLive } from './sidecar.ts';
import type { PodBlueprint, PodSurroundings } from './surroundings.ts';
import { prepareVolumes, refreshVolume } from './volumes.ts';

export interface PodInstanceOptions {
  readonly blueprint: PodBlueprint;
  readonly labels: ReadonlyMap<string, string>;
  readonly spec: PodSpec;
  readonly around: PodSurroundings;
  readonly onChange: () => void;
}

const sidecarGraceMs = 1000;
const livenessGraceMs = 5000;

/** The processes of an admitted pod: sandbox, network, containers and what is known of their health. */
export class PodInstance {
  readonly spec: PodSpec;
  readonly #options: PodInstanceOptions;
  readonly #directory: string;
  readonly #facts: PodFacts;
  readonly #abort = new AbortController();
  /** What has to become good before the pod is ready, with the reason. */
  readonly #missing = new Map<string, string>();
  readonly #containers = new Map<string, ContainerProcess>();
  #starting: Promise<void> | undefined;
  #sandbox: Holder | undefined;
  #link: string | undefined;

  constructor(options: PodInstanceOptions) {
    const { blueprint, around } = options;
    this.spec = options.spec;
    this.#options = options;
    this.#directory = join(
      around.directory,
      `${blueprint.namespace}.${blueprint.name}.${blueprint.number}`,
    );
    this.#facts = {
      name: blueprint.name,
      namespace: blueprint.namespace,
      uid: blueprint.uid,
      ip: blueprint.ip,
      hostIp: around.network.plan.nodeAddress,
      serviceAccount: this.spec.serviceAccount,
      labels: options.labels,
      annotations: blueprint.annotations,
      contents: (source) => around.contents(blueprint.namespace, source),
    };
  }

  /** Process to reach the pod's namespaces with nsenter; undefined while there is none. */
  get pid(): number | undefined {
    return this.#sandbox?.pid;
  }

  get containers(): ReadonlyMap<string, ContainerProcess> {
    return this.#containers;
  }

  /** Why the pod is not ready; empty when it is. */
  get missing(): string {
    for (const [name, container] of this.#containers) {
      if (container.state.kind === 'waiting') return `container ${name} ${container.state.reason}`;
    }
    return [...this.#missing.values()][0] ?? '';
  }

  /** One of its programs crashes in a loop. */
  get isCrashing(): boolean {
    return [...this.#containers.values()].some((container) => container.isCrashing);
  }

  environment(container: Container): Record<string, string> {
    const env = containerEnvironment(container, this.#facts);
    if (env.kind === 'error') throw new MeshError('not_found', env.error);
    return env.value;
  }

  /**
   * Starts everything in order: init containers, the sidecar until it is live, the other containers.
   *
   * @throws MeshError when something fails before the containers run; `end` cleans up
   */
  start(say: (progress: string) => void): Promise<void> {
    this.#starting = this.#start(say);
    return this.#starting;
  }

  async #start(say: (progress: string) => void): Promise<void> {
    const pid = await this.#makeSandbox();
    for (const container of this.spec.initContainers) {
      if (this.#abort.signal.aborted) return;
      say(`init container ${container.name}`);
      if (container.isSidecar) await this.#startFirst(container, pid, say);
      else await this.#runToEnd(container, pid);
    }
    const sidecar = this.spec.containers.find((container) => container.name === sidecarName);
    if (sidecar !== undefined) await this.#startFirst(sidecar, pid, say);
    if (this.#abort.signal.aborted) return;
    for (const container of this.spec.containers) {
      if (container === sidecar) continue;
      if (container.probes.readiness)
        this.#missing.set(
          `readiness ${container.name}`,
          `container ${container.name} has not passed its readiness probe`,
        );
      this.#startContainer(container, this.spec.restartPolicy, pid);
      this.#watchProbes(container);
    }
  }

  /** Resolves with the pod's result when all its programs have finished, and ends its sidecars; never for `restartPolicy: Always`. */
  async completion(): Promise<'Succeeded' | 'Failed'> {
    const own = this.spec.containers.filter((container) => container.name !== sidecarName);
    const statuses = await Promise.all(
      own.map((container) => this.#containers.get(container.name)?.finished),
    );
    await this.#stopContainers(sidecarGraceMs);
    return statuses.every((status) => status === 0) ? 'Succeeded' : 'Failed';
  }

  refreshHosts(): void {
    if (this.#sandbox !== undefined && !this.#abort.signal.aborted)
      writeHosts(this.#directory, this.#hosts());
  }

  refreshVolumes(): void {
    if (this.#sandbox === undefined || this.#abort.signal.aborted) return;
    for (const volume of this.spec.volumes) {
      const written = refreshVolume(this.#directory, volume, this.#facts);
      if (written.kind === 'error')
        this.#options.around.report(`pod ${this.#title}: ${written.error}; the old files stay`);
    }
  }

  /** Ends all processes, programs before sidecars, and removes everything that the pod had. */
  async end(graceMs: number): Promise<void> {
    await this.#end(graceMs);
    this.#removeFiles();
  }

  /** The same, but the logs stay until the pod's next attempt: they say why this one failed. */
  async fail(): Promise<void> {
    await this.#end(0);
  }

  #removeFiles(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async #end(graceMs: number): Promise<void> {
    this.#abort.abort();
    await this.#stopContainers(graceMs);
    // What was being started when the end came is there only now.
    await this.#starting?.catch(() => undefined);
    await this.#stopContainers(graceMs);
    const { network } = this.#options.around;
    const [sandbox, link] = [this.#sandbox, this.#link];
    this.#sandbox = undefined;
    this.#link = undefined;
    await sandbox?.end();
    if (link !== undefined) await network.disconnectPod(link);
  }

  async #stopContainers(graceMs: number): Promise<void> {
    const stop = (wanted: boolean, ms: number): Promise<unknown> =>
      Promise.all(
        [...this.#containers]
          .filter(([name]) => this.#isFirst(name) === wanted)
          .map(([, process]) => process.stop(ms)),
      );
    await stop(false, graceMs);
    await stop(true, Math.min(graceMs, sidecarGraceMs));
  }

  /** Is it of those that start before the pod's programs, and therefore end after them? */
  #isFirst(name: string): boolean {
    return (
      name === sidecarName || this.spec.initContainers.some((container) => container.name === name)
    );
  }

  get #title(): string {
    return `${this.#facts.namespace}/${this.#facts.name}`;
  }

  #hosts(): string {
    return this.#options.around.hosts({
      namespace: this.#facts.namespace,
      hostname: this.#facts.name,
      ip: this.#facts.ip,
    });
  }

  async #makeSandbox(): Promise<number> {
    const { around } = this.#options;
    this.#removeFiles();
    mkdirSync(this.#directory, { recursive: true, mode: 0o755 });
    writePodFiles(this.#directory, this.#facts.name, this.#hosts());
    const volumes = prepareVolumes(this.#directory, this.spec.volumes, this.#facts);
    if (volumes.kind === 'error') throw new MeshError('not_found', volumes.error);
    const programs = [...around.programs].map(([name, source]) => ({
      source,
      target: `bin/${name}`,
      readOnly: true,
    }));
    const images = [...this.spec.initContainers, ...this.spec.containers].flatMap(
      (container): SandboxMount[] => {
        const target = imageTarget(around.images, container.image);
        const source = around.images.get(container.image);
        return target === undefined || source === undefined
          ? []
          : [{ source, target, readOnly: true }];
      },
    );
    const unique = new Map(
      [...programs, ...images, ...volumes.value].map((mount) => [mount.target, mount]),
    );
    const sandbox = await startSandbox({
      directory: this.#directory,
      hostname: this.#facts.name,
      mounts: [...unique.values()],
      targets: [...this.spec.initContainers, ...this.spec.containers].flatMap((container) =>
        container.mounts.map((mount) => mount.path),
      ),
      isolation: around.isolation,
      ...(this.spec.hostNetwork ? { networkOf: around.network.pid } : {}),
    });
    this.#sandbox = sandbox;
    if (!this.spec.hostNetwork)
      this.#link = await around.network.connectPod(sandbox.pid, this.#facts.ip);
    return sandbox.pid;
  }

  async #runToEnd(container: Container, pid: number): Promise<void> {
    const process = this.#startContainer(
      container,
      this.spec.restartPolicy === 'Always' ? 'Never' : this.spec.restartPolicy,
      pid,
    );
    const status = await process.finished;
    if (status !== 0 && !this.#abort.signal.aborted) {
      throw new MeshError(
        'io',
        `init container ${container.name} failed with status ${status}: ${lastLine(process.logPath) || 'it said nothing'}`,
      );
    }
  }

  /** Starts a sidecar and waits for it: nothing of the pod runs before its traffic can flow. */
  async #startFirst(
    container: Container,
    pid: number,
    say: (progress: string) => void,
  ): Promise<void> {
    this.#startContainer(container, 'Always', pid);
    if (container.name === sidecarName) {
      say('waiting for the proxy to get its configuration');
      await waitUntilLive(this.#options.around.dialer, pid, this.#abort.signal);
    } else if (container.probes.startup) {
      await this.#passed(container, container.probes.startup);
    }
  }

  #passed(container: Container, probe: NonNullable<Container['probes']['startup']>): Promise<void> {
    const done = new AbortController();
    this.#abort.signal.addEventListener('abort', () => done.abort(), { once: true });
    const report = (isHealthy: boolean): void => {
      if (isHealthy) done.abort();
    };
    return watchProbe(probe, this.#target(container), { signal: done.signal, eager: true, report });
  }

  #startContainer(
    container: Container,
    restart: PodSpec['restartPolicy'],
    pid: number,
  ): ContainerProcess {
    const { around } = this.#options;
    const env = this.environment(container);
    const words = containerWords(container, around.images, env);
    if (words.kind === 'error') throw new MeshError('invalid_config', words.error);
    let restarts = 0;
    const process: ContainerProcess = new ContainerProcess({
      name: container.name,
      sandboxPid: pid,
      command: wrapCommand(container, around.images, words.value),
      env,
      logPath: join(this.#directory, 'logs', `${container.name}.log`),
      restart,
      onChange: () => {
        if (container.name === sidecarName && process.restarts > restarts) {
          restarts = process.restarts;
          void this.#onSidecarRestart(pid);
        }
        this.#options.onChange();
      },
    });
    this.#containers.set(container.name, process);
    return process;
  }

  #watchProbes(container: Container): void {
    const { readiness, liveness, startup } = container.probes;
    const { signal } = this.#abort;
    const target = this.#target(container);
    const watch = async (): Promise<void> => {
      if (startup) await this.#passed(container, startup);
      if (liveness)
        void watchProbe(liveness, target, {
          signal,
          eager: false,
          report: (isAlive) => this.#onLiveness(container, isAlive),
        });
      if (readiness)
        await watchProbe(readiness, target, {
          signal,
          eager: true,
          report: (isReady) => this.#onReadiness(container, isReady),
        });
    };
    void watch();
  }

  #onReadiness(container: Container, isReady: boolean): void {
    if (isReady) this.#missing.delete(`readiness ${container.name}`);
    else
      this.#missing.set(
        `readiness ${container.name}`,
        `container ${container.name} fails its readiness probe`,
      );
    this.#options.onChange();
  }

  #onLiveness(container: Container, isAlive: boolean): void {
    if (isAlive) return;
    this.#options.around.report(
      `pod ${this.#title}: container ${container.name} fails its liveness probe and is started again`,
    );
    void this.#containers.get(container.name)?.interrupt(livenessGraceMs);
  }

  /** After a crash of the sidecar the pod is not ready until the new one is live. */
  async #onSidecarRestart(pid: number): Promise<void> {
    this.#missing.set('sidecar', 'the proxy was started again and has no configuration yet');
    await waitUntilLive(this.#options.around.dialer, pid, this.#abort.signal);
    this.#missing.delete('sidecar');
    this.#options.onChange();
  }

  #target(container: Container): ProbeTarget {
    return { ip: this.#facts.ip, container, pid: () => this.#containers.get(container.name)?.pid };
  }
}

function lastLine(logPath: string): string {
  return readFileSync(logPath, 'utf8').trim().split('\n').pop() ?? '';
}
