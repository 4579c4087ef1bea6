import { describe, expect, it } from 'vitest';
import { batchesOf, fillRequest } from './send.ts';

describe('batches of requests', () => {
  it('have neighbours of one client, in order', () => {
    const requests = ['a', 'a', 'b', 'a'].map((from, i) => ({ from, http: `${i}` }));
    const batches = batchesOf(requests).map((batch) => batch.map(({ http }) => http));
    expect(batches).toEqual([['0', '1'], ['2'], ['3']]);
    expect(batchesOf([])).toEqual([]);
  });
});

describe('a request for the test program', () => {
  const source = {
    pods: (_: string, app: string) => (app === 'none' ? [] : [{ name: app, ip: '10.0.0.1' }]),
    serviceAddress: () => '10.1.0.1',
  };

  it('has addresses, what else was written, and not the recorded outcome', () => {
    const request = { from: 'a/cli', http: 'GET http://{{ip a/srv}}/x', repeat: 3, odd: [1] };
    expect(fillRequest({ ...request, outcome: { outcome: '200' } }, source)).toEqual({
      kind: 'ok',
      value: { ...request, http: 'GET http://10.0.0.1/x' },
    });
  });

  it('cannot be sent to a pod that is not there', () => {
    const filled = fillRequest({ from: 'a/cli', tcp: '{{ip a/none}}:80' }, source);
    expect(filled).toMatchObject({ kind: 'error', error: expect.stringContaining('a/none') });
  });
});
