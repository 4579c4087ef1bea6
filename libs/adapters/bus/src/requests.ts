import { createTurns, err, MeshError, ok, type Result, type Turns } from '@osm/prelude';
import { createLogThrottle, type Logger } from '@osm/telemetry';
import type { Asker, Subject, WatchOptions } from './bus.ts';
import type { BusMetrics } from './bus-metrics.ts';
import type { Link, RawAnswer } from './link.ts';
import { askSubject } from './subjects.ts';
import type { Timing } from './timing.ts';

const requestTimeoutMs = 5_000;
/** Of one asker: requests handled at the same time, and how many more may wait for their turn. */
const handlersMax = 32;
const waitingMax = 2_048;
/** With accounts the server knows who may ask; without, names are free, and these are the first ones. */
const askersMax = 64;
const logPeriodMs = 10_000;

interface RequestTools {
  readonly link: Link;
  readonly log: Logger;
  readonly metrics: BusMetrics;
  readonly timing: Timing;
  readonly service: string;
}

export async function sendRequest<Req, Res>(
  { link, metrics, service }: RequestTools,
  subject: Subject<Req, Res>,
  request: Req,
  timeoutMs = requestTimeoutMs,
): Promise<Result<Res, MeshError>> {
  try {
    const bytes = subject.request.encode(request).finish();
    const answer = await link.request(askSubject(subject.name, service), bytes, timeoutMs);
    return ok(subject.response.decode(answer));
  } catch (thrown) {
    const error = MeshError.from(thrown);
    metrics.errors.inc({ code: error.code });
    return err(error);
  }
}

type Rejection = 'overloaded' | 'undecodable' | 'failed';

/**
 * Answers until the signal aborts. A request that cannot be decoded, is one too many of its asker, or fails is refused without a
 * payload. Askers do not wait for each other.
 */
export function answerRequests<Req, Res>(
  { link, log, metrics, timing }: RequestTools,
  subject: Subject<Req, Res>,
  handle: (request: Req, from: Asker) => Promise<Res>,
  options: WatchOptions,
): void {
  if (options.signal.aborted) return;
  const turnsOf = new Map<string, Turns>();
  const turnsFor = (asker: string): Turns | undefined => {
    const known = turnsOf.get(asker);
    if (known !== undefined || turnsOf.size >= askersMax) return known;
    const turns = createTurns(handlersMax, waitingMax);
    turnsOf.set(asker, turns);
    return turns;
  };
  const throttle = createLogThrottle(logPeriodMs, timing.now);
  const refuse = (asker: string, reason: Rejection, thrown?: unknown): RawAnswer => {
    metrics.rejectedRequests.inc({ subject: subject.name, reason });
    const say = throttle.admit(`${asker} ${reason}`);
    const err = thrown === undefined ? undefined : MeshError.from(thrown);
    if (say !== undefined)
      log.warn('request refused', { subject: subject.name, asker, reason, err, ...say });
    return { kind: reason === 'overloaded' ? 'busy' : 'failed' };
  };
  const stop = link.respond(subject.name, async (bytes, asker) => {
    const turns = turnsFor(asker);
    if (turns === undefined || !(await turns.take())) return refuse(asker, 'overloaded');
    try {
      const request = decode(subject, bytes);
      if (request.kind === 'error') return refuse(asker, 'undecodable', request.error);
      const response = await handle(request.value, { asker });
      return { kind: 'answer', bytes: subject.response.encode(response).finish() };
    } catch (thrown) {
      return refuse(asker, 'failed', thrown);
    } finally {
      turns.give();
    }
  });
  options.signal.addEventListener('abort', stop, { once: true });
}

function decode<Req, Res>(subject: Subject<Req, Res>, bytes: Uint8Array): Result<Req, MeshError> {
  try {
    return ok(subject.request.decode(bytes));
  } catch (thrown) {
    return err(MeshError.from(thrown));
  }
}
