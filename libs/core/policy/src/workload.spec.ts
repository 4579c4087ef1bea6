import type { CatalogValue } from '@osm/model';
import {
  compileMesh,
  endpoints,
  namespace,
  pod,
  put,
  remove,
  service,
  settings,
} from '@osm/policy/testing';
import { describe, expect, it } from 'vitest';

const n = namespace('n');

function workloadKeys(...objects: readonly CatalogValue[]) {
  const { state } = compileMesh([n, ...objects]);
  return new Map([...state.assignments].map(([uuid, { workload }]) => [uuid, workload]));
}

/** How many workload units two pods have. */
function unitsOf(...objects: readonly CatalogValue[]) {
  return new Set(workloadKeys(...objects).values()).size;
}

describe('an assignment', () => {
  it('says which pod is behind a proxy, and which unit it gets', () => {
    const mesh = compileMesh([n, pod('n/p', { account: 'acc' })]);
    expect([...mesh.state.assignments.values()]).toEqual([
      {
        proxyUuid: 'uuid-p',
        namespace: 'n',
        pod: 'p',
        serviceAccount: 'acc',
        workload: mesh.workloadOf('uuid-p').key,
      },
    ]);
    expect(mesh.workloadOf('uuid-p').identity).toEqual({ namespace: 'n', serviceAccount: 'acc' });
  });

  it('goes with its pod, and so does a unit that nobody else has', () => {
    const mesh = compileMesh([n, pod('n/p')]);
    const { key } = mesh.workloadOf('uuid-p');
    expect(mesh.apply([remove(pod('n/p'))])).toMatchObject({
      assignmentDeletes: ['uuid-p'],
      unitDeletes: [key],
      unitPuts: [],
    });
  });

  it('is not made for pods outside the mesh, or without proxy', () => {
    const mesh = compileMesh([n, pod('m/p'), pod('n/q', { uuid: '' })]);
    expect(mesh.state.assignments.size).toBe(0);
    const { assignmentPuts } = mesh.apply([put(namespace('m'))]);
    expect(assignmentPuts.map((assignment) => assignment.pod)).toEqual(['p']);
  });

  it('belongs to the first pod by name when two have one uuid', () => {
    const mesh = compileMesh([n, pod('n/q', { uuid: 'u' }), pod('n/p', { uuid: 'u' })]);
    expect(mesh.state.assignments.get('u')).toMatchObject({ pod: 'p' });
    mesh.apply([remove(pod('n/p'))]);
    expect(mesh.state.assignments.get('u')).toMatchObject({ pod: 'q' });
  });
});

describe('a workload unit', () => {
  const same = { account: 'acc', labels: { app: 's' } };
  const p = pod('n/p', same);

  it('is one for all pods of an identity behind the same services', () => {
    expect(unitsOf(service('n/s'), p, pod('n/q', { ...same, ip: '10.0.0.2' }))).toBe(1);
  });

  it.each([
    ['identities', { ...same, account: 'other' }],
    ['services', { ...same, labels: { app: 't' } }],
    ['metrics', { ...same, scrape: true }],
  ])('is another one for different %s', (_, fields) => {
    expect(unitsOf(service('n/s'), service('n/t'), p, pod('n/q', fields))).toBe(2);
  });

  it('differs by named ports only where a service calls them', () => {
    const at = (web: number, x: number) => ({ ...same, namedPorts: { web, x } });
    const s = service('n/s', { ports: ['80->web'] });
    expect(unitsOf(s, pod('n/p', at(1, 1)), pod('n/q', at(1, 2)))).toBe(1);
    expect(unitsOf(s, pod('n/p', at(1, 1)), pod('n/q', at(2, 1)))).toBe(2);
  });

  it('carries the flags and the TLS settings of the mesh', () => {
    const mesh = compileMesh([n, settings(), pod('n/p', { scrape: true })]);
    expect(mesh.workloadOf('uuid-p')).toMatchObject({
      metrics: true,
      tls: { minProtocolVersion: 'TLSv1_2', maxProtocolVersion: 'TLSv1_3' },
    });
  });

  it('does not change when a pod of its service comes or goes', () => {
    const slice = (at: readonly string[]) => endpoints('n/s', { at });
    const mesh = compileMesh([n, service('n/s'), p, slice(['10.0.0.1=p'])]);
    const q = pod('n/q', { ...same, ip: '10.0.0.2' });
    const difference = mesh.apply([put(q), put(slice(['10.0.0.1=p', '10.0.0.2=q']))]);
    expect(difference.unitPuts).toEqual([]);
    expect(difference.assignmentPuts.map(({ pod: name }) => name)).toEqual(['q']);
  });
});

describe('the settings', () => {
  it('are the defaults again when they are deleted', () => {
    const mesh = compileMesh([n, pod('n/p'), settings({ egress: true })]);
    expect(mesh.captureOf('uuid-p')?.egress).toBe(true);
    mesh.apply([remove(settings())]);
    expect(mesh.captureOf('uuid-p')).toBeUndefined();
  });
});
