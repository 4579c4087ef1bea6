import { err, MeshError, ok, type Result } from '@osm/prelude';
import type { Logger } from '@osm/telemetry';
import type { Subject, WatchOptions } from './bus.ts';
import type { BusMetrics } from './bus-metrics.ts';
import type { Link, RawAnswer } from './link.ts';
import { createTurns } from './turns.ts';

const requestTimeoutMs = 5_000;
/** Requests handled at the same time per subject, and how many more may wait for their turn. */
const handlersMax = 256;
const waitingMax = 4_096;

interface RequestTools {
  readonly link: Link;
  readonly log: Logger;
  readonly metrics: BusMetrics;
}

export async function sendRequest<Req, Res>(
  { link, metrics }: RequestTools,
  subject: Subject<Req, Res>,
  request: Req,
  timeoutMs = requestTimeoutMs,
): Promise<Result<Res, MeshError>> {
  try {
    const bytes = subject.request.encode(request).finish();
    return ok(subject.response.decode(await link.request(subject.name, bytes, timeoutMs)));
  } catch (thrown) {
    const error = MeshError.from(thrown);
    metrics.errors.inc({ code: error.code });
    return err(error);
  }
}

/** Answers until the signal aborts. A request that cannot be decoded, is one too many, or fails is refused without a payload. */
export function answerRequests<Req, Res>(
  { link, log, metrics }: RequestTools,
  subject: Subject<Req, Res>,
  handle: (request: Req) => Promise<Res>,
  options: WatchOptions,
): void {
  if (options.signal.aborted) return;
  const turns = createTurns(handlersMax, waitingMax);
  const refuse = (reason: 'overloaded' | 'undecodable' | 'failed', thrown?: unknown): RawAnswer => {
    metrics.rejectedRequests.inc({ subject: subject.name, reason });
    const err = thrown === undefined ? undefined : MeshError.from(thrown);
    log.warn('request refused', { subject: subject.name, reason, err });
    return { kind: reason === 'overloaded' ? 'busy' : 'failed' };
  };
  const stop = link.respond(subject.name, async (bytes) => {
    const request = decode(subject, bytes);
    if (request.kind === 'error') return refuse('undecodable', request.error);
    if (!(await turns.take())) return refuse('overloaded');
    try {
      const response = await handle(request.value);
      return { kind: 'answer', bytes: subject.response.encode(response).finish() };
    } catch (thrown) {
      return refuse('failed', thrown);
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
