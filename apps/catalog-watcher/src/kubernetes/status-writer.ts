import { apiVersionOf, resourcePath, type ApiServer, type ResourceType } from '@osm/kubernetes';
import type { Diagnostic, ObjectRef } from '@osm/model';
import { hashHex, MeshError, type Clock } from '@osm/prelude';
import type { ObjectChange } from '@osm/resources';
import type { Logger } from '@osm/telemetry';
import type { SourceEvent } from '../source.ts';
import { hasTold, saysTheSame, statusOf } from './object-status.ts';
import { policyTypes, settingTypes } from './resources.ts';

export interface StatusWriterOptions {
  readonly server: ApiServer;
  readonly clock: Clock;
  readonly log: Logger;
  /** All there is to say about an object now. */
  readonly about: (ref: ObjectRef) => readonly Diagnostic[];
  /** Ends the writing. */
  readonly signal: AbortSignal;
}

/** Writes into the objects themselves what the mesh has made of them: `status`, and an Event for each new diagnostic. */
export interface StatusWriter {
  /** What the source told: objects with their generation and the status that they have. */
  readonly observe: (batch: readonly SourceEvent[]) => void;
  /** There may be something new to say about these. */
  readonly reconsider: (refs: readonly ObjectRef[]) => void;
  /** Of several replicas the leader writes. */
  readonly lead: (leading: boolean) => void;
}

/** An object of a kind with a status, as it was last seen. */
interface Seen {
  readonly type: ResourceType;
  readonly ref: ObjectRef;
  readonly uid: string;
  readonly generation: number;
  readonly status: unknown;
}

interface State extends StatusWriterOptions {
  readonly seen: Map<string, Seen>;
  /** Ids to look at, in the order in which they came. */
  readonly due: Set<string>;
  /** Messages that an Event was written for, by id. */
  readonly told: Map<string, ReadonlySet<string>>;
  leading: boolean;
  working: boolean;
}

/** The compiler's word on a new object comes some milliseconds after the object; one write carries both. */
const settleMs = 250;
const retryMs = 2_000;
const reportingController = 'openservicemesh.io/catalog-watcher';
const types = new Map([...policyTypes, ...settingTypes].map((type) => [type.kind, type]));

export function createStatusWriter(options: StatusWriterOptions): StatusWriter {
  const state: State = {
    ...options,
    seen: new Map(),
    due: new Set(),
    told: new Map(),
    leading: false,
    working: false,
  };
  return {
    observe: (batch) => {
      for (const event of batch) {
        if (event.kind === 'put' || event.kind === 'delete') observeObject(state, event);
      }
    },
    reconsider: (refs) => {
      for (const { kind, namespace, name } of refs) {
        const type = types.get(kind);
        if (type !== undefined) isDue(state, `${type.group}/${kind}/${namespace}/${name}`);
      }
    },
    lead: (leading) => {
      state.leading = leading;
      if (!leading) return;
      for (const id of state.seen.keys()) state.due.add(id);
      start(state, settleMs);
    },
  };
}

function observeObject(state: State, event: ObjectChange): void {
  const type = types.get(event.ref.kind);
  if (type === undefined) return;
  if (event.kind === 'delete') {
    state.seen.delete(event.id);
    state.due.delete(event.id);
    state.told.delete(event.id);
    return;
  }
  const { metadata, status } = event.raw as {
    readonly metadata: { readonly uid?: string; readonly generation?: number };
    readonly status?: unknown;
  };
  const { uid = '', generation = 0 } = metadata;
  state.seen.set(event.id, { type, ref: event.ref, uid, generation, status });
  isDue(state, event.id);
}

function isDue(state: State, id: string): void {
  if (!state.seen.has(id)) return;
  state.due.add(id);
  start(state, settleMs);
}

function start(state: State, delayMs: number): void {
  if (!state.leading || state.working || state.due.size === 0 || state.signal.aborted) return;
  state.working = true;
  state.clock.after(delayMs, () => void work(state));
}

/** One write after the other: an API server has more important things to do. */
async function work(state: State): Promise<void> {
  let failed = false;
  for (const id of [...state.due]) {
    const seen = state.seen.get(id);
    state.due.delete(id);
    if (seen === undefined || !state.leading || state.signal.aborted) continue;
    try {
      await report(state, id, seen);
    } catch (thrown) {
      const error = MeshError.from(thrown);
      // It is gone; of what is refused its next change is another try.
      if (error.code === 'not_found') continue;
      state.log.warn('cannot write a status', { object: id, err: error });
      if (error.code === 'api_refused') continue;
      failed = true;
      state.due.add(id);
      break;
    }
  }
  state.working = false;
  start(state, failed ? retryMs : settleMs);
}

async function report(state: State, id: string, seen: Seen): Promise<void> {
  const { server, clock } = state;
  const { type, ref, generation } = seen;
  const diagnostics = state.about(ref);
  const now = new Date(clock.now()).toISOString();
  await writeEvents(state, id, seen, diagnostics);
  const status = statusOf(diagnostics, generation, seen.status, now.replace(/\.\d+Z$/, 'Z'));
  if (saysTheSame(seen.status, status)) return;
  await server.ask({
    method: 'PATCH',
    path: resourcePath(type, { ...ref, subresource: 'status' }),
    query: { fieldManager: 'osm-catalog-watcher', force: 'true' },
    contentType: 'application/apply-patch+yaml',
    body: {
      apiVersion: apiVersionOf(type),
      kind: type.kind,
      metadata: { name: ref.name, namespace: ref.namespace },
      status,
    },
  });
  state.seen.set(id, { ...seen, status });
}

/** What the status says already was told by the leader before; its Event may be gone since. */
async function writeEvents(
  state: State,
  id: string,
  seen: Seen,
  diagnostics: readonly Diagnostic[],
): Promise<void> {
  const { told, log } = state;
  const before = told.get(id);
  for (const diagnostic of diagnostics) {
    const known = before?.has(diagnostic.message) ?? hasTold(seen.status, diagnostic);
    if (known) continue;
    try {
      await writeEvent(state, seen, diagnostic);
    } catch (thrown) {
      const error = MeshError.from(thrown);
      // It was told before, or the namespace is on its way out. An Event is never worth a status.
      if (error.code !== 'api_conflict' && error.code !== 'not_found')
        log.warn('cannot write an Event', { object: id, err: error });
      if (error.code === 'api_unavailable') throw error;
    }
  }
  told.set(id, new Set(diagnostics.map(({ message }) => message)));
}

const nameLengthMax = 200;

/** The name follows from what is said: said again within its life of an hour it is the same Event. */
async function writeEvent(
  { server, clock }: State,
  { type, ref, uid, generation }: Seen,
  { code, message }: Diagnostic,
): Promise<void> {
  const hash = hashHex(new TextEncoder().encode(`${uid} ${generation} ${message}`));
  const eventTime = new Date(clock.now()).toISOString().replace('Z', '000Z');
  await server.ask({
    method: 'POST',
    path: `/apis/events.k8s.io/v1/namespaces/${ref.namespace}/events`,
    body: {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: {
        name: `${ref.name.slice(0, nameLengthMax)}.${hash.slice(0, 16)}`,
        namespace: ref.namespace,
      },
      eventTime,
      type: 'Warning',
      reason: code,
      note: message.slice(0, 1_000),
      action: 'Compile',
      reportingController,
      reportingInstance: reportingController,
      regarding: {
        apiVersion: apiVersionOf(type),
        kind: type.kind,
        namespace: ref.namespace,
        name: ref.name,
        uid,
      },
    },
  });
}
