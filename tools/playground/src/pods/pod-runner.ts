import { MeshError } from '@osm/prelude';
import { isObject, type JsonObject } from '../cluster/json.ts';
import { createBackoff, pause } from '../process/backoff.ts';
import { withOneUser } from './one-user.ts';
import { PodInstance } from './pod-instance.ts';
import { parsePodSpec } from './pod-spec.ts';
import type { PodPhase, PodView } from './pod-view.ts';
import { sidecarName } from './sidecar.ts';
import type { PodBlueprint, PodSurroundings } from './surroundings.ts';

/** Time between a pod's leaving the endpoints and the end of its programs, so that all proxies have learned of it. */
const drainMs = 700;

/** One pod from admission to its end: what the kubelet does with it, tried again until it works. */
export class PodRunner {
  readonly blueprint: PodBlueprint;
  readonly #around: PodSurroundings;
  readonly #abort = new AbortController();
  #body: JsonObject | undefined;
  #instance: PodInstance | undefined;
  #phase: PodPhase = 'Pending';
  #reason = 'waiting for admission';
  #told = '';
  #life: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(blueprint: PodBlueprint, surroundings: PodSurroundings) {
    this.blueprint = blueprint;
    this.#around = surroundings;
  }

  get title(): string {
    return `${this.blueprint.namespace}/${this.blueprint.name}`;
  }

  /** The pod's processes; undefined while there are none. */
  get instance(): PodInstance | undefined {
    return this.#instance;
  }

  get isStopping(): boolean {
    return this.#stopping !== undefined;
  }

  /** It has run to its end, with success. */
  get isDone(): boolean {
    return this.#phase === 'Succeeded';
  }

  get ready(): boolean {
    return this.#phase === 'Running' && this.#instance?.missing === '';
  }

  view(): PodView {
    const { namespace, name, workload, owner, hash, number, uid, ip, labels, rawSpec } =
      this.blueprint;
    const text = (key: string): string => (typeof rawSpec[key] === 'string' ? rawSpec[key] : '');
    const containers = [...(this.#instance?.containers ?? [])];
    const specs = this.#instance?.spec.containers ?? [];
    const ports = specs.flatMap((container) => container.ports).filter((port) => port.name !== '');
    return {
      ...{ namespace, name, workload, owner, hash, number, uid, ip },
      labels: this.#body === undefined ? labels : labelsOf(this.#body),
      phase: this.#phase,
      ready: this.ready,
      reason: this.ready ? '' : this.#instance?.missing || this.#reason,
      isMeshed: [...specs, ...(this.#instance?.spec.initContainers ?? [])].some(
        (container) => container.name === sidecarName,
      ),
      namedPorts: new Map(ports.map((port) => [port.name, port.port])),
      hostname: text('hostname'),
      subdomain: text('subdomain'),
      containers: containers.map(([name, { state, restarts, logPath }]) => ({
        name,
        state: state.kind,
        detail:
          state.kind === 'waiting'
            ? state.reason
            : state.kind === 'exited'
              ? `status ${state.status}`
              : '',
        restarts,
        logPath,
      })),
      body: this.#body,
    };
  }

  start(): void {
    this.#life ??= this.#live();
  }

  /** Ends it: others first learn that it is no endpoint any more, then its programs get SIGTERM and their grace. */
  stop(): Promise<void> {
    return this.#stop(this.ready ? drainMs : 0, Number.MAX_SAFE_INTEGER);
  }

  /** Ends it without regard for others, with at most so much grace: the whole playground ends. */
  stopNow(graceMsMax: number): Promise<void> {
    return this.#stop(0, graceMsMax);
  }

  #stop(waitMs: number, graceMsMax: number): Promise<void> {
    this.#stopping ??= this.#end(waitMs, graceMsMax);
    return this.#stopping;
  }

  async #end(waitMs: number, graceMsMax: number): Promise<void> {
    this.#abort.abort();
    const graceMs = Math.min(this.#instance?.spec.terminationGraceMs ?? 0, graceMsMax);
    this.#become('Terminating', 'ends');
    await pause(Math.min(waitMs, graceMs));
    await this.#instance?.end(graceMs);
    await this.#life;
    this.#release();
    this.#around.onChange();
  }

  async #live(): Promise<void> {
    const backoff = createBackoff(1000, 15_000);
    const { signal } = this.#abort;
    while (!signal.aborted) {
      try {
        return await this.#attempt();
      } catch (thrown) {
        if (signal.aborted) return;
        await this.#instance?.fail();
        this.#release();
        const waitMs = backoff.next();
        const { message } = MeshError.from(thrown);
        // Once per reason: it is tried again for ever.
        if (message !== this.#told)
          this.#around.report(`pod ${this.title} cannot start: ${message}`);
        this.#told = message;
        this.#become('Pending', message);
        await pause(waitMs, signal);
      }
    }
  }

  async #attempt(): Promise<void> {
    const { signal } = this.#abort;
    this.#become('Pending', 'waiting for admission');
    const body = await this.#around.admit(this.#object());
    const spec = parsePodSpec(body['spec']);
    if (spec.kind === 'error') throw new MeshError('invalid_config', spec.error);
    if (signal.aborted) return;
    this.#body = body;
    const instance = new PodInstance({
      blueprint: this.blueprint,
      labels: labelsOf(body),
      spec: this.#around.isolation.isOneUser ? withOneUser(spec.value) : spec.value,
      around: this.#around,
      onChange: this.#around.onChange,
    });
    this.#instance = instance;
    this.#become('Pending', 'starting');
    await instance.start((progress) => this.#become('Pending', progress));
    if (signal.aborted) return;
    this.#become('Running', 'not ready');
    if (spec.value.restartPolicy !== 'Always') {
      void instance.completion().then((phase) => {
        if (!signal.aborted) this.#become(phase, 'finished');
      });
    }
  }

  #release(): void {
    if (this.#body !== undefined) this.#around.release(this.#body);
    this.#body = undefined;
  }

  #become(phase: PodPhase, reason: string): void {
    if (this.#phase === 'Terminating') return;
    this.#phase = phase;
    this.#reason = reason;
    this.#around.onChange();
  }

  /** The Pod as a controller would create it. */
  #object(): JsonObject {
    const { namespace, name, uid, labels, annotations, rawSpec } = this.blueprint;
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name,
        namespace,
        uid,
        labels: Object.fromEntries(labels),
        annotations: Object.fromEntries(annotations),
      },
      spec: { serviceAccountName: 'default', ...rawSpec },
    };
  }
}

function labelsOf(body: JsonObject): ReadonlyMap<string, string> {
  const metadata = body['metadata'];
  const labels = isObject(metadata) ? metadata['labels'] : undefined;
  const entries = isObject(labels) ? Object.entries(labels) : [];
  return new Map(
    entries.flatMap(([key, value]) => (typeof value === 'string' ? [[key, value]] : [])),
  );
}
