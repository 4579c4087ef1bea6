import { describe, expect, it } from 'vitest';
import { attemptWord, isSame, showOutcome, summarise } from './outcome.ts';
import type { Attempt, Outcome, WorldRequest } from './world-format.ts';

const request: WorldRequest = { from: 'a/cli', http: 'GET http://srv/x' };
const ok = (by: string): Attempt => ({ status: 200, by, pod: `${by}-1` });
const times = (n: number, attempt: Attempt): Attempt[] => Array.from({ length: n }, () => attempt);

describe('the word for one attempt', () => {
  it.each<[Attempt, string]>([
    [{ status: 200 }, '200'],
    [{ exit: 56 }, 'exit 56'],
    [{ exit: 28, status: 200 }, '200 exit 28'],
    [{ status: 200, grpcStatus: '0' }, '200 grpc 0'],
    [{ error: 'closed' }, 'error closed'],
    [{ text: '220 db ready\r' }, 'text 220 db ready'],
    [{ text: 'half', closed: true }, 'text half (closed)'],
    [{ text: 'HTTP/1.1 400 Bad Request\r\ndate: today' }, 'text HTTP/1.1 400 Bad Request'],
  ])('%o is %s', (attempt, word) => expect(attemptWord(attempt)).toBe(word));
});

describe('the outcome of all attempts', () => {
  it('is one word with who answered when all agree', () => {
    expect(summarise(request, times(3, ok('a')))).toEqual({ outcome: '200', by: 'a' });
  });

  it('counts what differs, sorted', () => {
    const attempts = [ok('b'), { exit: 56 }, ok('a'), ok('b')];
    const outcome = summarise(request, attempts);
    expect(outcome).toEqual({ outcomes: { '200': 3, 'exit 56': 1 }, by: { a: 1, b: 2 } });
    expect(showOutcome(outcome)).toBe('{"200":3,"exit 56":1} by={"a":1,"b":2}');
  });

  it('leaves out who answered, or counts pods, when the request says so', () => {
    expect(summarise({ ...request, anyBy: true }, [ok('a'), ok('b')])).toEqual({ outcome: '200' });
    expect(summarise({ ...request, pods: true }, [ok('a'), ok('b')])).toMatchObject({ pods: 2 });
  });

  it('has body, headers and foreign text of the last attempt', () => {
    const last: Attempt = { status: 403, text: 'RBAC', body: ['a'], headers: { x: null } };
    expect(summarise(request, [last])).toEqual({
      outcome: '403',
      text: 'RBAC',
      body: ['a'],
      headers: { x: null },
    });
  });
});

describe('the comparison', () => {
  const same = (wanted: Outcome, got: Outcome, change: Partial<WorldRequest> = {}): boolean =>
    isSame({ ...request, ...change }, wanted, got);

  it('compares result, server, pods, body and headers, not what curl says', () => {
    expect(same({ outcome: '404', say: 'a' }, { outcome: '404', say: 'b' })).toBe(true);
    expect(same({ outcome: '404' }, { outcome: '403' })).toBe(false);
    expect(same({ outcome: '200', by: 'a' }, { outcome: '200', by: 'b' })).toBe(false);
    expect(same({ outcome: '200', by: 'a' }, { outcome: '200', by: { a: 1, b: 1 } })).toBe(false);
    expect(same({ outcome: '200', pods: 2 }, { outcome: '200', pods: 1 })).toBe(false);
    const body = { outcome: '200', body: ['a', { b: 1 }] };
    expect(same(body, { outcome: '200', body: ['a', { b: 1 }] })).toBe(true);
    expect(same(body, { outcome: '200', body: ['a', { b: 2 }] })).toBe(false);
    expect(same(body, { outcome: '200' }, { loose: true })).toBe(true);
  });

  it('allows shares to differ by the tolerance, and by one in any case', () => {
    const wanted = { outcome: '200', by: { a: 70, b: 30 } };
    const got = (a: number): Outcome => ({ outcome: '200', by: { a, b: 100 - a } });
    expect(same(wanted, got(80), { repeat: 100 })).toBe(true);
    expect(same(wanted, got(81), { repeat: 100 })).toBe(false);
    expect(same(wanted, got(90), { repeat: 100, tolerance: 0.2 })).toBe(true);
    const few = { outcomes: { 'text a': 2, 'text b': 3 } };
    expect(same(few, { outcomes: { 'text a': 3, 'text b': 2 } }, { repeat: 5 })).toBe(true);
    expect(same(few, { outcomes: { 'text a': 4, 'text b': 1 } }, { repeat: 5 })).toBe(false);
  });

  it('wants the same names whatever the tolerance, and counts only where counts were recorded', () => {
    const wanted = { outcome: '200', by: { a: 99, b: 1 } };
    const got = { outcome: '200', by: { a: 99, c: 1 } };
    expect(same(wanted, got, { repeat: 100, tolerance: 1 })).toBe(false);
    expect(same({ outcome: '200' }, { outcomes: { '200': 1, '404': 1 } })).toBe(false);
    expect(same({ outcomes: { '200': 1, '404': 1 } }, { outcome: '200' })).toBe(false);
  });

  it('takes the second recorded outcome as well', () => {
    const wanted = { outcome: '403', unstable: { outcome: '200', by: 'a' } };
    expect(same(wanted, { outcome: '200', by: 'a' })).toBe(true);
    expect(same(wanted, { outcome: '200', by: 'b' })).toBe(false);
  });

  it('says no when nothing was recorded', () => {
    expect(same({}, {})).toBe(false);
  });
});
