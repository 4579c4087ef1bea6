import { err, MeshError, ok, type Result } from '@osm/prelude';
import type { Logger } from '@osm/telemetry';
import type { Subject, WatchOptions } from './bus.ts';
import type { BusMetrics } from './bus-metrics.ts';
import type { Link } from './link.ts';

const requestTimeoutMs = 5_000;
/** Requests handled at the same time per subject; the asker of one too many runs into its timeout and asks again. */
const handlersMax = 256;

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

/** Answers until the signal aborts. A request that cannot be decoded, is one too many, or fails gets no answer. */
export function answerRequests<Req, Res>(
  { link, log, metrics }: RequestTools,
  subject: Subject<Req, Res>,
  handle: (request: Req) => Promise<Res>,
  options: WatchOptions,
): void {
  if (options.signal.aborted) return;
  let running = 0;
  const reject = (reason: string, err?: MeshError): undefined => {
    metrics.rejectedRequests.inc({ subject: subject.name, reason });
    log.warn('request not answered', { subject: subject.name, reason, err });
    return undefined;
  };
  const stop = link.respond(subject.name, async (bytes) => {
    if (running >= handlersMax) return reject('overloaded');
    running += 1;
    try {
      const request = decode(subject, bytes);
      if (request.kind === 'error') return reject('undecodable', request.error);
      return subject.response.encode(await handle(request.value)).finish();
    } catch (thrown) {
      return reject('failed', MeshError.from(thrown));
    } finally {
      running -= 1;
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
