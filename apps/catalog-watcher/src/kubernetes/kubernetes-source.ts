import { setMaxListeners } from 'node:events';
import {
  followResource,
  resourceTypes,
  type ApiServer,
  type FollowNote,
  type KubernetesObject,
  type ResourceEvent,
  type ResourceFollower,
  type ResourceType,
} from '@osm/kubernetes';
import { MeshError, pause, type Clock, type Random } from '@osm/prelude';
import type { CatalogSource, SourceEvent } from '../source.ts';
import { createBatchQueue, type BatchQueue } from './batch-queue.ts';
import { trimObject } from './trim-object.ts';
import { namespacedTypes, selections, settingTypes } from './resources.ts';

export interface KubernetesSourceOptions {
  /** Value of the label that says to which mesh a namespace belongs. */
  readonly meshName: string;
  readonly meshNamespace: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Told about failures that are tried again, and about what works again. */
  readonly note?: (type: ResourceType, note: FollowNote) => void;
}

/** Who follows a type. */
type Follower = readonly [ResourceType, ResourceFollower];

interface Watch {
  readonly options: KubernetesSourceOptions;
  readonly signal: AbortSignal;
  readonly queue: BatchQueue;
  /** Namespaces of the mesh. */
  readonly members: Set<string>;
  /** Of those, the ones that are being listed: what is to be told of them then. */
  readonly joining: Map<string, SourceEvent>;
  readonly followers: readonly Follower[];
}

const joinRetryMs = 1_000;

/**
 * The Kubernetes API as a source of the catalog. Namespaces with the mesh's label, and what is in them; the rest of the cluster is
 * neither held nor told. One watch per type for all namespaces; a namespace that joins is listed on its own, and told
 * as one step with all that is in it.
 */
export function createKubernetesSource(
  server: ApiServer,
  options: KubernetesSourceOptions,
): CatalogSource {
  return {
    watch: async function* ({ signal }) {
      const queue = createBatchQueue();
      const end = new AbortController();
      const both = AbortSignal.any([signal, end.signal]);
      // The watch of each type listens to it: more than Node takes for a leak.
      setMaxListeners(0, both);
      both.addEventListener('abort', () => queue.close(), { once: true });
      if (both.aborted) queue.close();
      const running = run(server, options, both, queue);
      try {
        for (;;) {
          const events = await queue.take();
          if (events === undefined) return;
          yield events;
        }
      } finally {
        end.abort();
        await running;
      }
    },
  };
}

/** Namespaces first: without them nobody knows what matters of the rest. */
async function run(
  server: ApiServer,
  options: KubernetesSourceOptions,
  signal: AbortSignal,
  queue: BatchQueue,
): Promise<void> {
  const members = new Set<string>();
  const accept = ({ metadata }: KubernetesObject): boolean => members.has(metadata.namespace ?? '');
  const follow = (type: ResourceType, more: object): ResourceFollower =>
    followResource(server, type, {
      signal,
      clock: options.clock,
      random: options.random,
      note: (note) => options.note?.(type, note),
      trim: (object) => trimObject(type, object),
      ...more,
    });
  const followers = namespacedTypes.map((type): Follower => [
    type,
    follow(type, { ...selections.get(type), accept }),
  ]);
  const inMeshNamespace = { namespace: options.meshNamespace };
  const settings = settingTypes.map((type): Follower => [type, follow(type, inMeshNamespace)]);
  const labelSelector = `openservicemesh.io/monitored-by=${options.meshName}`;
  const namespaces = follow(resourceTypes.namespace, { labelSelector });
  const watch: Watch = { options, signal, queue, members, joining: new Map(), followers };

  const rest: readonly Follower[] = [...settings, ...followers];
  const others: Promise<void>[] = [];
  for await (const { events, listed } of namespaces.batches()) {
    if (others.length > 0) {
      for (const event of events) changeMembership(watch, event);
      continue;
    }
    for (const event of events) if (event.kind === 'put') members.add(event.object.metadata.name);
    queue.push(events.map((event) => toSourceEvent(resourceTypes.namespace, event)));
    if (listed) others.push(...pumpAll(watch, rest));
  }
  await Promise.all(others);
}

/** Passes on what the followers tell, and says `listed` once all of them have listed. */
function pumpAll({ queue }: Watch, followers: readonly Follower[]): Promise<void>[] {
  let missing = followers.length;
  return followers.map(async ([type, follower]) => {
    let first = true;
    for await (const { events, listed } of follower.batches()) {
      queue.push(events.map((event) => toSourceEvent(type, event)));
      if (!listed || !first) continue;
      first = false;
      missing -= 1;
      if (missing === 0) queue.push([{ kind: 'listed' }]);
    }
  });
}

function changeMembership(watch: Watch, event: ResourceEvent): void {
  const { members, joining, followers, queue } = watch;
  const told = toSourceEvent(resourceTypes.namespace, event);
  if (event.kind === 'put') {
    const { name } = event.object.metadata;
    if (members.has(name) && !joining.has(name)) return queue.push([told]);
    joining.set(name, told);
    if (!members.has(name)) void joinNamespace(watch, name);
    members.add(name);
    return;
  }
  members.delete(event.name);
  joining.delete(event.name);
  const gone = followers.flatMap(([type, follower]) =>
    follower.leave(event.name).map((each) => toSourceEvent(type, each)),
  );
  queue.push([told, ...gone]);
}

/** The namespace and all that is in it, in one step; half of a namespace would mean something else. */
async function joinNamespace(watch: Watch, name: string): Promise<void> {
  const { joining, followers, queue, options, signal } = watch;
  for (;;) {
    try {
      const found = await Promise.all(
        followers.map(async ([type, follower]) =>
          (await follower.join(name)).map((event) => toSourceEvent(type, event)),
        ),
      );
      const told = joining.get(name);
      joining.delete(name);
      if (told !== undefined) queue.push([told, ...found.flat()]);
      return;
    } catch (thrown) {
      if (!joining.has(name) || signal.aborted) return;
      const error = MeshError.from(thrown);
      options.note?.(resourceTypes.namespace, { kind: 'failed', error, retryMs: joinRetryMs });
      await pause(options.clock, joinRetryMs, signal);
    }
  }
}

function toSourceEvent({ group, kind }: ResourceType, event: ResourceEvent): SourceEvent {
  const { name, namespace = '' } = event.kind === 'put' ? event.object.metadata : event;
  const ref = { kind, namespace, name, file: '', line: 0 };
  const id = `${group}/${kind}/${namespace}/${name}`;
  return event.kind === 'put'
    ? { kind: 'put', id, ref, raw: event.object }
    : { kind: 'delete', id, ref };
}
