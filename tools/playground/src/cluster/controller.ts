import { randomBytes, randomUUID } from 'node:crypto';
import { MeshError, sortedBy } from '@osm/prelude';
import type { ServiceRule } from '../network/service-rules.ts';
import { PodRunner } from '../pods/pod-runner.ts';
import { podObject } from '../pods/pod-view.ts';
import type { PodSurroundings } from '../pods/surroundings.ts';
import type { ClusterDirectory } from './cluster-directory.ts';
import type { Desired, Workload } from './desired.ts';
import { endpointSlices, rulesOfService } from './endpoints.ts';
import { endpointsByHand, rulesByHand } from './endpoints-by-hand.ts';
import { hostsFile, type ResolvableService } from './hosts-file.ts';
import { field, isObject, type JsonObject } from './json.ts';
import { planWorkload } from './plan.ts';
import { ReadinessNews } from './readiness-news.ts';
import type { ServiceAddresses } from './service-addresses.ts';
import { serviceNames } from './service-names.ts';
import type { ServiceSpec } from './service-spec.ts';

export interface ControllerOptions {
  readonly surroundings: Omit<PodSurroundings, 'hosts' | 'onChange'>;
  readonly addresses: ServiceAddresses;
  readonly cluster: ClusterDirectory;
  /** Services that are not pods: the mesh's own. Asked anew on every pass. */
  readonly ownServices: () => readonly OwnService[];
  /** A pod became ready, lost its readiness, or is gone: for people who watch. */
  readonly onEvent: (text: string) => void;
}

/** A service with an address whose endpoints are processes of this machine. */
export interface OwnService {
  readonly namespace: string;
  readonly name: string;
  readonly address: string;
  readonly rules: readonly ServiceRule[];
}

/**
 * Makes pods, endpoints, addresses and names follow what is desired: deployment controller, endpoints controller, kube-proxy and DNS.
 * Level triggered: every change leads to a pass over everything, passes never overlap, and a pass writes only what differs.
 */
export class ClusterController {
  readonly #options: ControllerOptions;
  readonly #surroundings: PodSurroundings;
  readonly #pods = new Map<string, PodRunner>();
  readonly #watchers = new Set<() => void>();
  #desired: Desired | undefined;
  #pass: Promise<void> | undefined;
  #isDirty = false;
  #isClosed = false;
  readonly #news = new ReadinessNews();
  #numbers = 0;
  #services: readonly ResolvableService[] = [];

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#surroundings = {
      ...options.surroundings,
      hosts: (pod) => hostsFile(pod, this.#services),
      onChange: () => this.poke(),
    };
  }

  get pods(): readonly PodRunner[] {
    return sortedBy(this.#pods.values(), (pod) => pod.title);
  }

  get desired(): Desired | undefined {
    return this.#desired;
  }

  setDesired(desired: Desired): void {
    this.#desired = desired;
    for (const pod of this.#pods.values()) pod.instance?.refreshVolumes();
    this.poke();
  }

  /** Something changed: a pass follows soon. Many changes make one pass. */
  poke(): void {
    this.#isDirty = true;
    this.#pass ??= this.#passes();
  }

  /** Calls back after each pass, until the returned function is called. */
  onPass(callback: () => void): () => void {
    this.#watchers.add(callback);
    return () => this.#watchers.delete(callback);
  }

  /** True when every workload has exactly the pods it wants, and all of them are ready, except those to be ignored. */
  isSettled(ignore: (pod: PodRunner) => boolean): boolean {
    if (this.#desired === undefined || this.#isDirty) return false;
    const pods = [...this.#pods.values()];
    const { workloads, broken } = this.#desired;
    const wanted = new Map(workloads.map((workload) => [workloadKey(workload), workload]));
    const isComplete = (workload: Workload): boolean => {
      const own = pods.filter((pod) => pod.blueprint.workload === workloadKey(workload));
      return (
        own.length === workload.replicas && own.every((pod) => pod.blueprint.hash === workload.hash)
      );
    };
    const belongs = (pod: PodRunner): boolean =>
      wanted.has(pod.blueprint.workload) || broken.has(pod.blueprint.workload);
    return (
      workloads.every(isComplete) &&
      pods.every((pod) => belongs(pod) && (pod.ready || pod.isDone || ignore(pod)))
    );
  }

  /** Ends one pod, as `kubectl delete pod` does: its workload starts another. False when there is none. */
  deletePod(title: string): boolean {
    const pod = this.#pods.get(title);
    if (pod === undefined || pod.isStopping) return false;
    this.#stop(pod);
    return true;
  }

  /** Stops all pods. */
  async close(graceMsMax: number): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#pods.values()].map((pod) => pod.stopNow(graceMsMax)));
    await this.#pass;
  }

  async #passes(): Promise<void> {
    // Changes that come together, for example of one file with many objects, are one pass.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#isDirty && !this.#isClosed) {
      this.#isDirty = false;
      try {
        this.#startAndStop();
        await this.#publish();
      } catch (thrown) {
        this.#surroundings.report(`internal: ${MeshError.from(thrown).message}`);
      }
      this.#tellReadiness();
      for (const watcher of [...this.#watchers]) watcher();
    }
    this.#pass = undefined;
  }

  #tellReadiness(): void {
    const news = this.pods.map((pod) => ({
      title: pod.title,
      ready: pod.ready,
      isCrashing: pod.instance?.isCrashing === true,
      isEnding: pod.isStopping,
      reason: pod.view().reason,
    }));
    for (const line of this.#news.tell(news)) this.#options.onEvent(line);
  }

  #startAndStop(): void {
    const desired = this.#desired;
    if (desired === undefined) return;
    const workloads = new Map(
      desired.workloads.map((workload) => [workloadKey(workload), workload]),
    );
    const keys = new Set([
      ...workloads.keys(),
      ...[...this.#pods.values()].map((pod) => pod.blueprint.workload),
    ]);
    for (const key of [...keys].sort()) {
      if (desired.broken.has(key)) continue;
      const workload = workloads.get(key);
      const pods = [...this.#pods.values()].filter((pod) => pod.blueprint.workload === key);
      const present = pods.filter((pod) => !pod.isStopping);
      const plan = planWorkload(
        workload,
        present.map((pod) => ({ ...pod.blueprint, ready: pod.ready })),
      );
      for (const name of plan.stop) this.#stop(present.find((pod) => pod.blueprint.name === name));
      // A pod of the same fixed name, or an old one with `recreate`, has to be gone first.
      const mustWait =
        workload?.recreate === true &&
        pods.some((pod) => pod.isStopping || pod.blueprint.hash !== workload.hash);
      if (workload !== undefined && !mustWait)
        for (let i = 0; i < plan.start; i++) this.#start(workload, key);
    }
  }

  #start(workload: Workload, key: string): void {
    const number = ++this.#numbers;
    const name = this.#nameFor(workload);
    const { plan } = this.#surroundings.network;
    const pod = new PodRunner(
      {
        namespace: workload.namespace,
        name,
        workload: key,
        owner: workload.name,
        hash: workload.hash,
        number,
        uid: randomUUID(),
        ip: workload.spec.hostNetwork ? plan.nodeAddress : plan.podAddress(number),
        labels: workload.labels,
        annotations: workload.annotations,
        rawSpec: workload.kind === 'StatefulSet' ? memberSpec(workload, name) : workload.rawSpec,
      },
      this.#surroundings,
    );
    this.#pods.set(pod.title, pod);
    pod.start();
  }

  #nameFor({ kind, namespace, name, hash }: Workload): string {
    switch (kind) {
      case 'Pod':
        return name;
      case 'Deployment':
        return `${name}-${hash}-${randomBytes(3).toString('hex').slice(0, 5)}`;
      case 'StatefulSet':
        for (let ordinal = 0; ; ordinal++)
          if (!this.#pods.has(`${namespace}/${name}-${ordinal}`)) return `${name}-${ordinal}`;
    }
  }

  #stop(pod: PodRunner | undefined): void {
    void pod
      ?.stop()
      .catch((thrown: unknown) =>
        this.#surroundings.report(`pod ${pod.title}: ${MeshError.from(thrown).message}`),
      )
      .finally(() => {
        this.#pods.delete(pod.title);
        this.poke();
      });
  }

  async #publish(): Promise<void> {
    const desired = this.#desired;
    if (desired === undefined) return;
    const views = this.pods.map((pod) => pod.view());
    const own = this.#options.ownServices();
    const addressed = desired.services.filter((service) => service.kind === 'ClusterIP');
    const address = (service: ServiceSpec): string =>
      this.#options.addresses.of(`${service.namespace}/${service.name}`, service.wantedAddress);
    const byHand = desired.endpoints;
    const resolvable = serviceNames({
      services: desired.services,
      own: own.map(({ namespace, name, address: ip }) => ({ namespace, name, addresses: [ip] })),
      ...{ pods: views, byHand, addressOf: address },
    });
    // Names first: a program that learns of a service by its pod's start should find it.
    if (JSON.stringify(resolvable) !== JSON.stringify(this.#services)) {
      this.#services = resolvable;
      for (const pod of this.#pods.values()) pod.instance?.refreshHosts();
    }
    this.#options.cluster.replace([
      ...[...desired.namespaces.keys()].map(defaultServiceAccount),
      ...addressed.map((service) => withAddress(service, address(service))),
      ...desired.services.flatMap((service) => endpointSlices(service, views)),
      ...byHand.flatMap(({ mirror }) => (mirror === undefined ? [] : [mirror])),
      ...views.flatMap((view) => {
        const object = podObject(view);
        return object === undefined ? [] : [object];
      }),
    ]);
    await this.#surroundings.network.setRules([
      ...own.flatMap((service) => service.rules),
      ...addressed.flatMap((service) =>
        service.selector.size > 0
          ? rulesOfService(service, address(service), views)
          : rulesByHand(service, address(service), endpointsByHand(service, byHand)),
      ),
    ]);
  }
}

/** What a StatefulSet makes of its template for one pod: a name of its own, and volumes of its own. */
function memberSpec({ rawSpec, claims, serviceName }: Workload, pod: string): JsonObject {
  const volumes = field(rawSpec)
    .at('volumes')
    .items()
    .flatMap(({ value }) => (isObject(value) ? [value] : []))
    .map((volume) => {
      const name = volume['name'];
      return typeof name === 'string' && claims.includes(name)
        ? { name, persistentVolumeClaim: { claimName: `${name}-${pod}` } }
        : volume;
    });
  return { ...rawSpec, volumes, hostname: pod, subdomain: serviceName };
}

export function workloadKey(workload: Pick<Workload, 'kind' | 'namespace' | 'name'>): string {
  return `${workload.kind}/${workload.namespace}/${workload.name}`;
}

function defaultServiceAccount(namespace: string): JsonObject {
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace } };
}

function withAddress(service: ServiceSpec, address: string): JsonObject {
  const spec = service.body['spec'];
  return {
    ...service.body,
    spec: { ...(spec as JsonObject), clusterIP: address, clusterIPs: [address] },
  };
}
