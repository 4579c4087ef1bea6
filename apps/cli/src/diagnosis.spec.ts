import { MeshError } from '@osm/prelude';
import { describe, expect, it } from 'vitest';
import { createFakeCluster } from '../testing/index.ts';
import { diagnose } from './diagnosis.ts';

const root = '/api/v1/namespaces/osm-system';
const namespace = 'osm-system';
const begin = Date.UTC(2030, 0, 1);
const own = { 'app.kubernetes.io/name': 'openservicemesh.io' };

function world() {
  const cluster = createFakeCluster();
  const put = (name: string, status: unknown, more = {}): void =>
    cluster.put(`${root}/pods/${name}`, { metadata: { namespace, labels: own, ...more }, status });
  const warn = (name: string, event: Readonly<Record<string, unknown>>, seconds = 0): void =>
    cluster.put(`${root}/events/${name}`, {
      metadata: { namespace },
      lastTimestamp: new Date(begin + seconds * 1000).toISOString(),
      ...event,
    });
  const lines = (): Promise<readonly string[]> =>
    diagnose(cluster.server, { namespace, sinceMs: begin });
  return { cluster, put, warn, lines };
}

const refusal = {
  reason: 'FailedCreate',
  message: 'pods "x" is forbidden: exceeded quota',
  involvedObject: { kind: 'ReplicaSet', name: 'osm-injector-1' },
};

describe('diagnose', () => {
  it('is silent about pods that are ready, done, going or of others', async () => {
    const { cluster, put, lines } = world();
    put('osm-a', { conditions: [{ type: 'Ready', status: 'True' }] });
    put('osm-b', { phase: 'Succeeded' });
    put('osm-c', {}, { deletionTimestamp: 'now' });
    cluster.put(`${root}/pods/grafana`, { metadata: { namespace } });
    expect(await lines()).toEqual([]);
  });

  it('gives the last line of the log that tells why, not what Node says after it', async () => {
    const { cluster, put, lines } = world();
    const state = { terminated: { exitCode: 2 } };
    put('osm-a', { containerStatuses: [{ name: 'c', ready: false, state }] });
    cluster.say(
      `${root}/pods/osm-a/log`,
      'x\n--trust-domain must be a name\nTry: a --help\n(node:1) [DEP0169] DeprecationWarning: no\n',
    );
    expect(await lines()).toEqual([
      'osm-a: c: ended, exit status 2: --trust-domain must be a name',
    ]);
  });

  it('gives what a service logged in its own words', async () => {
    const { cluster, put, lines } = world();
    const state = { terminated: { exitCode: 1 } };
    put('osm-a', { containerStatuses: [{ name: 'c', ready: false, state }] });
    const line = { level: 'error', err: { message: 'no key', stack: 'at x' }, message: 'ended' };
    cluster.say(`${root}/pods/osm-a/log`, `${JSON.stringify(line)}\n`);
    expect(await lines()).toEqual(['osm-a: c: ended, exit status 1: ended: no key']);
  });

  it('says what a service that runs waits for, after those in trouble', async () => {
    const { cluster, put, lines } = world();
    put('osm-a', { phase: 'Running', containerStatuses: [{ name: 'a', ready: false }] });
    const path = `${root}/pods/osm-a:9091/proxy/health/ready`;
    const said = new MeshError('api_unavailable', `GET ${path}: bus: no\nads: no\n (503)`);
    cluster.say(`${root}/pods/${encodeURIComponent('osm-a:9091')}/proxy/health/ready`, said);
    put('osm-b', { conditions: [{ type: 'PodScheduled', status: 'False', message: 'full' }] });
    expect(await lines()).toEqual([
      'osm-b: not scheduled: full',
      'osm-a: runs, not ready yet: a: bus: no; ads: no',
    ]);
  });

  it('gives the newest warning about a pod that does not come to be', async () => {
    const { put, warn, lines } = world();
    put('osm-a', {});
    const involvedObject = { kind: 'Pod', name: 'osm-a' };
    warn('1', { reason: 'FailedMount', message: 'secret "x" not found', involvedObject }, 5);
    warn('2', { reason: 'Other', message: 'older', involvedObject }, 1);
    expect(await lines()).toEqual(['osm-a: is being created: secret "x" not found']);
  });

  it('names who may not create pods, unless it was long ago or went well since', async () => {
    const { put, warn, lines } = world();
    warn('1', refusal);
    warn('2', { ...refusal, involvedObject: { kind: 'Job', name: 'osm-bootstrap' } }, -60);
    warn('3', { ...refusal, involvedObject: { kind: 'ReplicaSet', name: 'osm-controller-1' } });
    const owner = { ownerReferences: [{ name: 'osm-controller-1' }] };
    put('osm-controller-1-x', { conditions: [{ type: 'Ready', status: 'True' }] }, owner);
    expect(await lines()).toEqual([
      'ReplicaSet osm-injector-1: its pods are refused: pods "x" is forbidden: exceeded quota',
    ]);
  });
});
