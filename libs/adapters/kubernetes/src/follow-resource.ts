import { MeshError, pause, type Clock, type Random } from '@osm/prelude';
import type { ApiServer } from './api-server.ts';
import { listObjects, type Selection } from './list-objects.ts';
import { resourcePath, type KubernetesObject, type ResourceType } from './resource-type.ts';
import { createToldObjects, type ResourceEvent, type ToldObjects } from './told-objects.ts';

/** What happened of one type, in order. */
export interface ResourceBatch {
  readonly events: readonly ResourceEvent[];
  /** After this batch everything that exists was told: true after each complete list. */
  readonly listed: boolean;
}

/** Which objects to follow, and for how long. */
export interface FollowOptions extends Selection {
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly random: Random;
  /** Which objects matter. May change its mind about a namespace together with `join` and `leave`. Default: all. */
  readonly accept?: (object: KubernetesObject) => boolean;
  /** What is left of an object as soon as it has arrived; name, namespace and version must be. Default: all of it. */
  readonly trim?: (object: KubernetesObject) => KubernetesObject;
  /** Told about each failure, before it is tried again, and when the watch goes on. */
  readonly note?: (note: FollowNote) => void;
}

/** How it goes: a list or watch failed and is tried again, or the watch is open. */
export type FollowNote =
  | { readonly kind: 'failed'; readonly error: MeshError; readonly retryMs: number }
  | { readonly kind: 'following' };

/** Follows one type. */
export interface ResourceFollower {
  /** Ends with the signal only. */
  readonly batches: () => AsyncIterable<ResourceBatch>;
  /** Lists a namespace that is accepted from now on; its later changes come in `batches`. */
  readonly join: (namespace: string) => Promise<readonly ResourceEvent[]>;
  readonly leave: (namespace: string) => readonly ResourceEvent[];
  /** Objects that were told and not deleted. */
  readonly size: () => number;
}

const retryMsMin = 100;
const retryMsMax = 10_000;
/** The API server ends a watch after one to two times this, so that load spreads again when one of several came back. */
const watchSeconds = 300;

interface Follow {
  readonly server: ApiServer;
  readonly type: ResourceType;
  readonly options: FollowOptions;
  readonly told: ToldObjects;
  /** Where the watch goes on; undefined: with a list. */
  position: string | undefined;
  listedOnce: boolean;
}

/**
 * Lists and watches the objects of a type, for ever: resumes where a connection ended, lists again where the API server has
 * forgotten that place (410 Gone), and tells differences only. A type that is not served, because its CRD is not installed, is an
 * empty list until it is.
 */
export function followResource(
  server: ApiServer,
  type: ResourceType,
  options: FollowOptions,
): ResourceFollower {
  const told = createToldObjects(options.accept ?? (() => true));
  const follow: Follow = { server, type, options, told, position: undefined, listedOnce: false };
  return {
    batches: () => followBatches(follow),
    join: async (namespace) => {
      const expectation = told.expect(namespace);
      const list = await listObjects(server, type, { ...options, namespace }).catch(
        emptyIfNotServed,
      );
      return told.join(expectation, list);
    },
    leave: told.leave,
    size: told.size,
  };
}

function emptyIfNotServed(thrown: unknown): { objects: readonly []; resourceVersion: string } {
  if (MeshError.from(thrown).code !== 'not_found') throw thrown;
  return { objects: [], resourceVersion: '0' };
}

async function* followBatches(follow: Follow): AsyncIterable<ResourceBatch> {
  const { options, told } = follow;
  const { signal, note } = options;
  let failures = 0;
  while (!signal.aborted) {
    try {
      if (follow.position === undefined) yield await list(follow);
      note?.({ kind: 'following' });
      for await (const events of watch(follow)) {
        failures = 0;
        if (events.length > 0) yield { events, listed: false };
      }
    } catch (thrown) {
      if (signal.aborted) return;
      const error = MeshError.from(thrown);
      if (error.code === 'api_expired') follow.position = undefined;
      if (error.code === 'not_found') {
        follow.position = undefined;
        const events = told.clear();
        if (events.length > 0 || !follow.listedOnce) yield { events, listed: true };
        follow.listedOnce = true;
      }
      failures += 1;
      const expired = error.code === 'api_expired' && failures === 1;
      const retryMs = expired ? 0 : backoffMs(failures, options.random);
      note?.({ kind: 'failed', error, retryMs });
      await pause(options.clock, retryMs, signal);
    }
  }
}

function backoffMs(failures: number, random: Random): number {
  return Math.min(retryMsMin * 2 ** (failures - 1), retryMsMax) * (0.75 + random.next() / 2);
}

async function list(follow: Follow): Promise<ResourceBatch> {
  const found = await listObjects(follow.server, follow.type, follow.options);
  follow.position = found.resourceVersion;
  follow.listedOnce = true;
  return { events: follow.told.list(found), listed: true };
}

interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: KubernetesObject & { readonly code?: number; readonly message?: string };
}

async function* watch(follow: Follow): AsyncIterable<readonly ResourceEvent[]> {
  const { server, type, options } = follow;
  const pieces = server.follow({
    path: resourcePath(type, { namespace: options.namespace }),
    query: {
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: follow.position,
      timeoutSeconds: String(Math.round(watchSeconds * (1 + options.random.next()))),
      labelSelector: options.labelSelector,
      fieldSelector: options.fieldSelector,
    },
    signal: options.signal,
  });
  for await (const piece of pieces) {
    const values = piece as readonly WatchEvent[];
    const failed = values.find((event) => event.type === 'ERROR');
    yield values.flatMap((event) => applyEvent(follow, event));
    if (failed !== undefined) throw watchError(type, failed);
  }
}

function applyEvent(follow: Follow, { type, object }: WatchEvent): readonly ResourceEvent[] {
  if (type === 'ERROR') return [];
  follow.position = object.metadata.resourceVersion ?? follow.position;
  if (type === 'BOOKMARK') return [];
  if (type === 'DELETED') return follow.told.delete(object);
  return follow.told.put(follow.options.trim?.(object) ?? object);
}

function watchError(type: ResourceType, { object }: WatchEvent): MeshError {
  const text = `watching ${type.plural}: ${object.message ?? 'the API server gave no reason'}`;
  return new MeshError(object.code === 410 ? 'api_expired' : 'api_unavailable', text);
}
