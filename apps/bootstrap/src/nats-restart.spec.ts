import type { ApiRequest, ApiServer } from '@osm/kubernetes';
import { MeshError } from '@osm/prelude';
import { describe, expect, it } from 'vitest';
import { restartNats } from './nats-restart.ts';

/** A server with one StatefulSet, or none. */
function world(annotations: Readonly<Record<string, string>> | undefined) {
  const patched: unknown[] = [];
  const ask = (request: ApiRequest): unknown => {
    if (annotations === undefined) throw new MeshError('not_found', 'no such StatefulSet');
    if (request.method === 'PATCH') patched.push(request.body);
    return { spec: { template: { metadata: { annotations } } } };
  };
  const server: Pick<ApiServer, 'ask'> = {
    ask: (request) => new Promise((resolve) => resolve(ask(request))),
  };
  const restart = (serverFiles: string, written: boolean): Promise<boolean> =>
    restartNats(server, {
      namespace: 'osm-system',
      name: 'osm-nats',
      serverFiles,
      written,
    });
  return { patched, restart };
}

const mark = 'openservicemesh.io/bus-files';

describe('restartNats', () => {
  it('does nothing before there are servers', async () => {
    expect(await world(undefined).restart('a', true)).toBe(false);
  });

  it.each([
    ['first files that were never changed', {}, false, false],
    ['first files that were changed now', {}, true, true],
    ['the files that they were started with', { [mark]: 'b' }, true, false],
    ['other files, also when an attempt before this one wrote them', { [mark]: 'a' }, false, true],
  ])('%s', async (_, annotations, written, expected) => {
    const { patched, restart } = world(annotations);
    expect(await restart('b', written)).toBe(expected);
    expect(patched).toEqual(
      expected ? [{ spec: { template: { metadata: { annotations: { [mark]: 'b' } } } } }] : [],
    );
  });
});
