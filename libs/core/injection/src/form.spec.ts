import { defaultMeshSettings, type Sidecar } from '@osm/model';
import { describe, expect, it } from 'vitest';
import { injectionRequest, pod } from '../testing/index.ts';
import { abilitiesOf, type ClusterAbilities } from './form.ts';
import { injectPod } from './inject-pod.ts';
import type { JsonObject } from './json.ts';

const able: ClusterAbilities = { nativeSidecars: true, sleepAction: true };

function injected(spec: JsonObject = {}, sidecar: Partial<Sidecar> = {}, abilities = able) {
  const settings = defaultMeshSettings('cluster.local');
  const result = injectPod(
    injectionRequest({
      pod: pod({ spec }),
      abilities,
      settings: { ...settings, sidecar: { ...settings.sidecar, ...sidecar } },
    }),
  );
  if (result.kind !== 'inject') throw new Error(JSON.stringify(result));
  const patched = result.pod['spec'] as Readonly<Record<string, readonly JsonObject[]>>;
  const { containers = [], initContainers = [] } = patched;
  const names = (list: readonly JsonObject[]) => list.map(({ name }) => name);
  return {
    containers,
    initContainers,
    warnings: result.warnings,
    order: [names(initContainers), names(containers)],
  };
}

const sleep = (seconds: number) => ({ preStop: { sleep: { seconds } } });

describe('abilitiesOf', () => {
  it.each([
    [{ major: '1', minor: '28' }, false, false],
    [{ major: '1', minor: '29+' }, true, false],
    [{ major: '1', minor: '34' }, true, true],
    [{ major: '2', minor: '0' }, true, true],
    [undefined, false, false],
  ])('of %j', (version, nativeSidecars, sleepAction) => {
    expect(abilitiesOf(version)).toEqual({ nativeSidecars, sleepAction });
  });
});

describe('a native sidecar', () => {
  const tcp = { tcpSocket: { port: 5432 } };
  const user = { name: 'migrate' };
  const proxy = { name: 'cloud-sql-proxy', restartPolicy: 'Always', startupProbe: tcp };

  it('is an init container that goes on, after those of the user', () => {
    const { order, initContainers } = injected({ initContainers: [user] });
    expect(order).toEqual([['migrate', 'osm-init', 'envoy'], ['app']]);
    expect(initContainers.map(({ restartPolicy }) => restartPolicy)).toEqual([
      undefined,
      undefined,
      'Always',
    ]);
  });

  it('is before native sidecars of the user, whose probes go through it', () => {
    const { order } = injected({ initContainers: [user, proxy, { name: 'last' }] });
    expect(order).toEqual([
      ['migrate', 'osm-init', 'osm-healthcheck', 'envoy', 'cloud-sql-proxy', 'last'],
      ['app'],
    ]);
  });

  it('lets the pod of a Job end: nothing that goes on is an ordinary container', () => {
    const { order } = injected({
      restartPolicy: 'Never',
      containers: [{ name: 'app', livenessProbe: tcp }],
    });
    expect(order).toEqual([['osm-init', 'osm-healthcheck', 'envoy'], ['app']]);
  });

  it.each([
    ['MeshConfig wants the classic form', { containerForm: 'Classic' }, able],
    ['the cluster has none', {}, { nativeSidecars: false, sleepAction: false }],
  ])('is an ordinary container when %s', (_why, sidecar, abilities) => {
    const { order, warnings } = injected({ initContainers: [user, proxy] }, sidecar, abilities);
    expect(order).toEqual([
      ['migrate', 'cloud-sql-proxy', 'osm-init'],
      ['app', 'envoy'],
    ]);
    expect(warnings).toEqual([expect.stringContaining('probes of "cloud-sql-proxy" fail')]);
  });
});

describe('a pod that is deleted', () => {
  const containersOf = (...args: Parameters<typeof injected>) => injected(...args).containers;

  it('has applications that wait until clients have heard of it', () => {
    expect(containersOf()).toMatchObject([{ name: 'app', lifecycle: sleep(5) }]);
    expect(containersOf({}, { terminationDelayMs: 1500 })).toMatchObject([{ lifecycle: sleep(2) }]);
  });

  it('never waits for more than half of its grace period', () => {
    expect(containersOf({ terminationGracePeriodSeconds: 3 })).toMatchObject([
      { lifecycle: sleep(1) },
    ]);
    expect(containersOf({ terminationGracePeriodSeconds: 1 })[0]).not.toHaveProperty('lifecycle');
  });

  it('does what its user wants done, and keeps other hooks', () => {
    const own = { preStop: { exec: { command: ['drain'] } } };
    const postStart = { exec: { command: ['warm'] } };
    const given = [
      { name: 'a', lifecycle: own },
      { name: 'b', lifecycle: { postStart } },
    ];
    expect(containersOf({ containers: given })).toEqual([
      { name: 'a', lifecycle: own },
      { name: 'b', lifecycle: { postStart, ...sleep(5) } },
    ]);
  });

  it.each([
    ['MeshConfig says 0s', {}, { terminationDelayMs: 0 }, able],
    ['it ends by itself', { restartPolicy: 'OnFailure' }, {}, able],
    ['the cluster cannot', {}, {}, { nativeSidecars: true, sleepAction: false }],
  ])('does not wait when %s', (_why, spec, sidecar, abilities) => {
    expect(containersOf(spec, sidecar, abilities)[0]).not.toHaveProperty('lifecycle');
  });

  it('has a classic proxy that outlives the application', () => {
    const classic = { containerForm: 'Classic' };
    expect(containersOf({}, classic)).toMatchObject([
      { name: 'app', lifecycle: sleep(5) },
      { name: 'envoy', lifecycle: sleep(10) },
    ]);
    expect(containersOf({ terminationGracePeriodSeconds: 12 }, classic)).toMatchObject([
      { lifecycle: sleep(5) },
      { lifecycle: sleep(6) },
    ]);
  });
});
