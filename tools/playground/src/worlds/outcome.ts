import type { Attempt, Outcome, RequestResult, WorldRequest } from './world-format.ts';

type Counts = Readonly<Record<string, number>>;

/** One word for one attempt: `200`, `exit 7`, `text 220 db ready`, `error closed`. */
export function attemptWord(attempt: Attempt): string {
  const { exit, status, error, grpcStatus } = attempt;
  if (status !== undefined && status !== 0) {
    return `${status}${exit === undefined ? '' : ` exit ${exit}`}${grpcStatus === undefined ? '' : ` grpc ${grpcStatus}`}`;
  }
  if (exit !== undefined) return `exit ${exit}`;
  if (error !== undefined) return `error ${error}`;
  const text = (attempt.text ?? '').replaceAll('\r', '');
  // Of an HTTP answer on a TCP connection only the status line says something.
  if (text.startsWith('HTTP/')) return `text ${text.split('\n')[0] ?? ''}`;
  return `text ${text}${attempt.closed === true ? ' (closed)' : ''}`;
}

/** What became of a request, from all its attempts. */
export function summarise(request: WorldRequest, attempts: readonly Attempt[]): Outcome {
  const words = countBy(attempts.map(attemptWord));
  const by = countBy(attempts.flatMap((attempt) => (attempt.by ? [attempt.by] : [])));
  const last = attempts[attempts.length - 1] ?? {};
  const pods = new Set(
    attempts.flatMap((attempt) => (attempt.pod === undefined ? [] : [attempt.pod])),
  );
  const only = single(words);
  return {
    ...(only === undefined ? { outcomes: words } : { outcome: only }),
    ...(Object.keys(by).length > 0 && request.anyBy !== true ? { by: single(by) ?? by } : {}),
    ...(request.pods === true ? { pods: pods.size } : {}),
    ...(last.body === undefined ? {} : { body: last.body }),
    ...(last.headers === undefined ? {} : { headers: last.headers }),
    ...(last.text !== undefined && last.status !== undefined ? { text: last.text } : {}),
    ...(last.say === undefined ? {} : { say: last.say }),
  };
}

/** Does an outcome count as the wanted one? Shares may differ by the request's tolerance, and by one in any case. */
export function isSame(request: WorldRequest, wanted: Outcome, got: Outcome): boolean {
  if (isEqualTo(request, wanted, got)) return true;
  return wanted.unstable !== undefined && isEqualTo(request, wanted.unstable, got);
}

function isEqualTo(request: WorldRequest, wanted: Outcome, got: Outcome): boolean {
  // Nothing was recorded: nothing is as recorded.
  if (wanted.outcome === undefined && wanted.outcomes === undefined) return false;
  if (wanted.outcome !== got.outcome) return false;
  if (wanted.outcomes !== undefined && !isNear(request, wanted.outcomes, got.outcomes))
    return false;
  if (typeof wanted.by === 'object' && typeof got.by === 'object')
    return isNear(request, wanted.by, got.by);
  if (wanted.by !== got.by || wanted.pods !== got.pods) return false;
  return (
    request.loose === true ||
    (isEqualJson(wanted.body, got.body) && isEqualJson(wanted.headers, got.headers))
  );
}

function isNear(request: WorldRequest, wanted: Counts, got: Counts | undefined): boolean {
  if (got === undefined) return false;
  const allowed = Math.max(1, (request.tolerance ?? 0.1) * (request.repeat ?? 1));
  const keys = new Set([...Object.keys(wanted), ...Object.keys(got)]);
  return [...keys].every((key) => {
    const [a, b] = [wanted[key], got[key]];
    return a !== undefined && b !== undefined && Math.abs(a - b) <= allowed;
  });
}

function isEqualJson(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  const [left, right] = [Object.entries(a), new Map(Object.entries(b))];
  return (
    left.length === right.size &&
    left.every(([key, value]) => right.has(key) && isEqualJson(value, right.get(key)))
  );
}

/** An outcome for people, on one line. */
export function showOutcome(outcome: Outcome): string {
  const parts = (['by', 'pods', 'body', 'headers'] as const).flatMap((key) =>
    outcome[key] === undefined ? [] : [` ${key}=${JSON.stringify(outcome[key])}`],
  );
  return `${outcome.outcome ?? JSON.stringify(outcome.outcomes)}${parts.join('')}`;
}

/** A compared request for people: what was sent, what is wanted, what came. */
export function describeResult({
  step,
  request,
  wanted,
  got,
  isSame: same,
  why,
}: RequestResult): string[] {
  const headers = request.headers === undefined ? '' : ` ${JSON.stringify(request.headers)}`;
  return [
    `  ${same ? 'same' : 'DIFF'} ${step}: ${request.from} ${request.http ?? `TCP ${request.tcp ?? ''}`}${headers}`,
    `       wanted ${showOutcome(wanted)}${why === undefined ? '' : ` (${why})`}`,
    `       now    ${showOutcome(got)}`,
  ];
}

function countBy(words: readonly string[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function single(counts: Counts): string | undefined {
  const keys = Object.keys(counts);
  return keys.length === 1 ? keys[0] : undefined;
}
