import { silentLogger } from '@osm/bus/testing';
import type { ApiRequest, ApiServer } from '@osm/kubernetes';
import type { Diagnostic, ObjectRef } from '@osm/model';
import { MeshError } from '@osm/prelude';
import { Severity } from '@osm/proto-mesh';
import { createFakeClock } from '@osm/testkit';
import { describe, expect, it } from 'vitest';
import type { SourceEvent } from '../source.ts';
import { createStatusWriter, type StatusWriter } from './status-writer.ts';

const ref: ObjectRef = { kind: 'TrafficSplit', namespace: 'shop', name: 'a', file: '', line: 0 };
const id = 'split.smi-spec.io/TrafficSplit/shop/a';
const warning: Diagnostic = {
  code: 'split_without_weight',
  severity: Severity.SEVERITY_WARNING,
  object: ref,
  message: 'all weights are 0',
};
const unsupported: Diagnostic = { ...warning, code: 'unsupported_kind', message: 'not yet' };

function put(status?: unknown, resourceVersion = '1'): SourceEvent {
  const metadata = { name: 'a', namespace: 'shop', uid: 'u', generation: 3, resourceVersion };
  return { kind: 'put', id, ref, raw: { metadata, status } };
}

interface Written {
  readonly writer: StatusWriter;
  readonly asked: ApiRequest[];
  readonly statuses: () => readonly unknown[];
  readonly events: () => readonly string[];
  /** Lets all that is due happen. */
  readonly settle: () => Promise<void>;
}

function start(
  diagnostics: () => readonly Diagnostic[],
  refuse: (request: ApiRequest) => MeshError | undefined = () => undefined,
): Written {
  const asked: ApiRequest[] = [];
  const clock = createFakeClock();
  const server: ApiServer = {
    url: '',
    ask: (request) => {
      const error = refuse(request);
      if (error !== undefined) return Promise.reject(error);
      asked.push(request);
      return Promise.resolve({});
    },
    apply: () => Promise.reject(new Error('not used')),
    follow: () => {
      throw new Error('not used');
    },
  };
  const signal = new AbortController().signal;
  const log = silentLogger;
  const writer = createStatusWriter({ server, clock, log, about: diagnostics, signal });
  const bodies = (method: string) =>
    asked.filter((each) => each.method === method).map((each) => each.body);
  return {
    writer,
    asked,
    statuses: () => bodies('PATCH').map((body) => (body as { status: unknown }).status),
    events: () => bodies('POST').map((body) => (body as { note: string }).note),
    settle: async () => {
      for (let turn = 0; turn < 4; turn++) {
        clock.advance(2_500);
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}

describe('the status of an object', () => {
  it('says that it is accepted, once; the answer of the watch causes no further write', async () => {
    const { writer, settle, statuses, asked } = start(() => []);
    writer.lead(true);
    writer.observe([put()]);
    await settle();
    expect(statuses()).toMatchObject([
      { currentStatus: 'committed', conditions: [{ type: 'Accepted', status: 'True' }] },
    ]);
    writer.observe([put(statuses()[0], '2')]);
    await settle();
    expect(asked).toHaveLength(1);
  });

  it('says that a kind that is not enacted has no effect', async () => {
    const { writer, settle, statuses } = start(() => [unsupported]);
    writer.lead(true);
    writer.observe([put()]);
    await settle();
    expect(statuses()).toMatchObject([
      {
        currentStatus: 'error',
        conditions: [{ status: 'False', reason: 'UnsupportedKind', message: 'not yet' }],
      },
    ]);
  });

  it('is not written by who does not lead', async () => {
    const { writer, settle, asked } = start(() => [warning]);
    writer.observe([put()]);
    await settle();
    expect(asked).toEqual([]);
  });
});

describe('Events', () => {
  it('tell each diagnostic once, also beside a new leader who finds it in the status', async () => {
    const first = start(() => [warning]);
    first.writer.lead(true);
    first.writer.observe([put()]);
    await first.settle();
    first.writer.reconsider([ref]);
    await first.settle();
    expect(first.events()).toEqual([warning.message]);

    const second = start(() => [warning]);
    second.writer.observe([put(first.statuses()[0])]);
    second.writer.lead(true);
    await second.settle();
    expect(second.asked).toEqual([]);
  });

  it('that two leaders write have one name, and the second is no failure', async () => {
    const names = [1, 2].map(async () => {
      const { writer, settle, asked } = start(() => [warning]);
      writer.lead(true);
      writer.observe([put()]);
      await settle();
      const [event] = asked.filter((each) => each.method === 'POST');
      return (event?.body as { metadata: { name: string } }).metadata.name;
    });
    const [one, two] = await Promise.all(names);
    expect(one).toBe(two);
    expect(one).toMatch(/^a\.[0-9a-f]{16}$/);
  });

  it.each(['api_conflict', 'api_refused'] as const)(
    'that are refused with %s do not hold up the status',
    async (code) => {
      const { writer, settle, statuses } = start(
        () => [warning],
        ({ method }) => (method === 'POST' ? new MeshError(code, 'no') : undefined),
      );
      writer.lead(true);
      writer.observe([put()]);
      await settle();
      expect(statuses()).toHaveLength(1);
    },
  );

  it('are told in the end when the API server was away', async () => {
    let away = true;
    const { writer, settle, events, statuses } = start(
      () => [warning],
      () => (away ? new MeshError('api_unavailable', 'away') : undefined),
    );
    writer.lead(true);
    writer.observe([put()]);
    await settle();
    away = false;
    await settle();
    expect(events()).toEqual([warning.message]);
    expect(statuses()).toHaveLength(1);
  });
});
