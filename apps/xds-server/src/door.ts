import type { Identity } from '@osm/model';
import type { Clock } from '@osm/prelude';
import type { ProxyAssignment } from '@osm/proto-mesh';
import type { BidiStream, Peer, RpcStatus } from '@osm/rpc';
import { createLogThrottle, type Logger, type LogThrottle } from '@osm/telemetry';
import { judgeAdmission } from './admission.ts';
import { createCrowd } from './crowd.ts';
import type { Dialect } from './dialect.ts';
import { createGroups } from './groups.ts';
import type { MeshView } from './mesh-view.ts';
import type { XdsMetrics } from './metrics.ts';
import { typeLabel } from './type-label.ts';

/** Where streams wait until it is known whether they may have what they ask for. */
export interface Door {
  /** `welcome` is called once, when the stream is admitted. */
  readonly enter: <Request>(
    stream: BidiStream<Request>,
    dialect: Dialect<Request>,
    welcome: (admitted: Admitted) => Guest<Request>,
  ) => void;
  /** Assignments changed: who waits for them is judged again. */
  readonly judgeAgain: (uuids: readonly string[]) => void;
  /** All buckets have been complete once. Until then everybody waits: nothing can be said to be unknown. */
  readonly open: () => void;
}

export interface Admitted {
  readonly uuid: string;
  readonly identity: Identity;
  readonly assignment: ProxyAssignment;
}

/** An admitted stream. */
export interface Guest<Request> {
  readonly onRequest: (request: Request) => void;
  readonly onFlushed: () => void;
  readonly onClose: () => void;
}

interface DoorOptions {
  readonly view: MeshView;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: XdsMetrics;
  /** How long a stream whose pod is not known yet is held: pods and their proxies come by different ways. */
  readonly holdMs: number;
}

interface Applicant {
  readonly judge: () => void;
}

/** Requests kept while a stream waits. A proxy has no reason to say more than a few before it is answered. */
const heldRequestsMax = 64;
/** Streams of one certificate. A proxy has one, and another one while it comes back; a program without a sidecar some more. */
const peerStreamsMax = 16;
/** A stream that says nothing for so long has no business here. */
const silenceMsMax = 10_000;
/** A rejection is said once in this time, per reason: clients come again and again. */
const logPeriodMs = 1_000;

export function createDoor(options: DoorOptions): Door {
  const applicants = createGroups<string, Applicant>();
  const crowd = createCrowd(peerStreamsMax);
  const throttle = createLogThrottle(logPeriodMs, options.clock.now);
  let isOpen = false;
  return {
    enter: (stream, dialect, welcome) => {
      if (!crowd.enter(stream.peer)) {
        const message = `more than ${peerStreamsMax} streams of one certificate`;
        return turnAway({ ...options, throttle, stream }, 'too-many-streams', message);
      }
      const judge = (uuid: string): Verdict =>
        isOpen ? judgeStream(options.view, stream.peer, uuid) : { kind: 'wait' };
      const leave = (): void => crowd.leave(stream.peer);
      receive({ ...options, applicants, throttle, stream, dialect, welcome, judge, leave });
    },
    judgeAgain: (uuids) => {
      for (const uuid of uuids) for (const applicant of applicants.of(uuid)) applicant.judge();
    },
    open: () => {
      isOpen = true;
      for (const applicant of applicants.all()) applicant.judge();
    },
  };
}

type Verdict =
  | { readonly kind: 'wait' }
  | { readonly kind: 'hold' }
  | { readonly kind: 'admitted'; readonly admitted: Admitted }
  | { readonly kind: 'rejected'; readonly reason: string; readonly message: string };

function judgeStream(view: MeshView, peer: Peer, uuid: string): Verdict {
  const trustDomain = view.trust()?.trustDomain;
  if (trustDomain === undefined) return { kind: 'wait' };
  const assignment = view.assignment(uuid);
  const verdict = judgeAdmission({ nodeId: uuid, peer, trustDomain, assignment });
  if (verdict.kind === 'rejected') return verdict;
  if (verdict.kind === 'unknown-pod' || assignment === undefined) return { kind: 'hold' };
  return { kind: 'admitted', admitted: { uuid, identity: verdict.identity, assignment } };
}

interface Reception<Request> extends DoorOptions {
  readonly applicants: ReturnType<typeof createGroups<string, Applicant>>;
  readonly stream: BidiStream<Request>;
  readonly dialect: Dialect<Request>;
  readonly welcome: (admitted: Admitted) => Guest<Request>;
  readonly judge: (uuid: string) => Verdict;
  readonly throttle: LogThrottle;
  /** The stream is over. */
  readonly leave: () => void;
}

type Rejecting = Pick<DoorOptions, 'metrics' | 'log'> & {
  readonly throttle: LogThrottle;
  readonly stream: Pick<BidiStream<unknown>, 'end' | 'remoteAddress'>;
};

/** Ends a stream with the reason, counts it and says so. */
function turnAway(
  { metrics, log, throttle, stream }: Rejecting,
  reason: string,
  message: string,
): void {
  metrics.rejected.inc({ reason });
  const say = throttle.admit(reason);
  if (say !== undefined) {
    const remote = stream.remoteAddress;
    log.warn('stream rejected', { reason, explanation: message, remote, ...say });
  }
  stream.end({ code: statusCodes[reason] ?? 'permission-denied', message });
}

const statusCodes: Readonly<Record<string, RpcStatus['code']>> = {
  'pod-unknown': 'unavailable',
  silent: 'unavailable',
  'too-many-streams': 'resource-exhausted',
};

/** Keeps a stream's requests until it is admitted, and then hands both over. */
function receive<Request>(reception: Reception<Request>): void {
  const { stream, applicants, metrics } = reception;
  let guest: Guest<Request> | undefined;
  let held: Request[] = [];
  let uuid: string | undefined;
  let isDone = false;
  let cancelHold: (() => void) | undefined;

  const applicant: Applicant = { judge: () => judge() };
  const stopWaiting = (): void => {
    isDone = true;
    cancelHold?.();
    cancelSilence();
    if (uuid !== undefined) applicants.remove(uuid, applicant);
  };
  const reject = (reason: string, message: string): void => {
    stopWaiting();
    held = [];
    turnAway(reception, reason, message);
  };
  const cancelSilence = reception.clock.after(silenceMsMax, () =>
    reject('silent', 'no request on this stream'),
  );
  const judge = (): void => {
    if (isDone || uuid === undefined) return;
    const verdict = reception.judge(uuid);
    if (verdict.kind === 'rejected') reject(verdict.reason, verdict.message);
    if (verdict.kind === 'hold') {
      const message = `no pod with the proxy uuid ${uuid} is known to the mesh`;
      cancelHold ??= reception.clock.after(reception.holdMs, () => reject('pod-unknown', message));
    }
    if (verdict.kind !== 'admitted') return;
    stopWaiting();
    guest = reception.welcome(verdict.admitted);
    const requests = held;
    held = [];
    for (const request of requests) guest.onRequest(request);
  };

  stream.listen({
    onRequest: (request) => {
      metrics.requests.inc({ type: typeLabel(reception.dialect.typeUrl(request)) });
      if (guest !== undefined) return guest.onRequest(request);
      if (isDone) return;
      held.push(request);
      if (held.length > heldRequestsMax)
        return reject('too-many-requests', 'too many requests before the proxy was admitted');
      if (uuid !== undefined) return;
      cancelSilence();
      uuid = reception.dialect.nodeId(request);
      applicants.add(uuid, applicant);
      judge();
    },
    onFlushed: () => guest?.onFlushed(),
    onClose: () => {
      stopWaiting();
      held = [];
      reception.leave();
      guest?.onClose();
    },
  });
}
