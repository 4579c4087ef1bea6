import { describe, expect, it } from 'vitest';
import { typeUrls, type ResourceType } from '@osm/proto-envoy/discovery';
import type { Content, References } from './contents.ts';
import { createNames } from './names.ts';
import { createProxyModel, type ProxyModel, type ProxyRequest } from './warming.ts';

const names = createNames();

function content(
  type: ResourceType,
  name: string,
  references: Partial<References<string>> = {},
): Content {
  const { assignment, secrets = [], routes = [] } = references;
  return {
    typeUrl: typeUrls[type],
    name,
    nameId: names.idOf(name),
    version: 'v1',
    body: new Uint8Array(),
    references: {
      assignment: assignment === undefined ? undefined : names.idOf(assignment),
      secrets: secrets.map(names.idOf),
      routes: routes.map(names.idOf),
    },
  };
}

const eds = (name: string): Content =>
  content('cluster', name, { assignment: name, secrets: ['identity'] });

function receive(
  model: ProxyModel,
  type: ResourceType,
  resources: readonly Content[],
  removed: readonly string[] = [],
): string[] {
  return model
    .receive({ typeUrl: typeUrls[type], nonce: 'n', resources, removed })
    .map(describeRequest);
}

function describeRequest(request: ProxyRequest): string {
  const type = Object.entries(typeUrls).find(([, url]) => url === request.typeUrl)?.[0];
  const changes = [
    ...request.subscribe.map((name) => `+${name}`),
    ...request.unsubscribe.map((name) => `-${name}`),
    ...Object.entries(request.initialVersions ?? {}).map(([name, version]) => `${name}=${version}`),
  ];
  return [type, request.nonce === undefined ? 'ask' : 'ack', ...changes].join(' ');
}

/** A model that has one cluster, one listener and one route. */
function settled(): ProxyModel {
  const model = createProxyModel(names);
  model.open();
  receive(model, 'cluster', [eds('a')]);
  receive(model, 'endpoint', [content('endpoint', 'a')]);
  receive(model, 'secret', [content('secret', 'identity')]);
  receive(model, 'listener', [content('listener', 'l', { routes: ['r'] })]);
  receive(model, 'route', [content('route', 'r')]);
  return model;
}

describe('the first configuration', () => {
  it('asks for clusters, their endpoints and secrets, and only then for listeners and routes', () => {
    const model = createProxyModel(names);
    expect(model.open().map(describeRequest)).toEqual(['cluster ask']);
    expect(receive(model, 'cluster', [eds('a'), eds('b')])).toEqual([
      'cluster ack',
      'endpoint ask +a +b',
      'secret ask +identity',
    ]);
    expect(
      receive(model, 'endpoint', [content('endpoint', 'a'), content('endpoint', 'b')]),
    ).toEqual(['endpoint ack']);
    expect(receive(model, 'secret', [content('secret', 'identity')])).toEqual([
      'secret ack',
      'listener ask',
    ]);
    expect(
      receive(model, 'listener', [
        content('listener', 'l', { routes: ['r'], secrets: ['identity'] }),
      ]),
    ).toEqual(['listener ack', 'route ask +r']);
    expect(model.complete()).toBe(false);
    expect(receive(model, 'route', [content('route', 'r')])).toEqual(['route ack']);
    expect(model.complete()).toBe(true);
    expect(model.missing()).toEqual([]);
  });

  it('goes on to listeners when there is no cluster at all', () => {
    const model = createProxyModel(names);
    model.open();
    expect(receive(model, 'cluster', [])).toEqual(['cluster ack', 'listener ask']);
    receive(model, 'listener', []);
    expect(model.complete()).toBe(true);
  });

  it('is not complete while one endpoint list is missing, and says so', () => {
    const model = createProxyModel(names);
    model.open();
    receive(model, 'cluster', [eds('a'), eds('b')]);
    receive(model, 'secret', [content('secret', 'identity')]);
    receive(model, 'endpoint', [content('endpoint', 'a')]);
    expect(model.complete()).toBe(false);
    expect(model.missing()).toContain(`${typeUrls.endpoint} b`);
  });
});

describe('a change', () => {
  it('of a cluster is not active before its endpoints came again', () => {
    const model = settled();
    expect(receive(model, 'cluster', [{ ...eds('a'), version: 'v2' }])).toEqual(['cluster ack']);
    expect(model.complete()).toBe(false);
    receive(model, 'endpoint', [content('endpoint', 'a')]);
    expect(model.complete()).toBe(true);
  });

  it('that is none keeps the proxy complete', () => {
    const model = createProxyModel(names);
    const same = eds('a');
    model.open();
    receive(model, 'cluster', [same]);
    receive(model, 'endpoint', [content('endpoint', 'a')]);
    receive(model, 'secret', [content('secret', 'identity')]);
    receive(model, 'listener', []);
    receive(model, 'cluster', [same]);
    expect(model.complete()).toBe(true);
  });

  it('of a listener asks for new routes and lets go of old ones', () => {
    const model = settled();
    expect(receive(model, 'listener', [content('listener', 'l', { routes: ['r2'] })])).toEqual([
      'listener ack',
      'route ask +r2 -r',
    ]);
    expect(model.complete()).toBe(false);
    receive(model, 'route', [content('route', 'r2')]);
    expect(model.complete()).toBe(true);
  });

  it('that removes a cluster lets go of its endpoints, and of nothing that others still need', () => {
    const model = settled();
    receive(model, 'cluster', [eds('b')]);
    receive(model, 'endpoint', [content('endpoint', 'b')]);
    expect(receive(model, 'cluster', [], ['a'])).toEqual(['cluster ack', 'endpoint ask -a']);
    expect(model.complete()).toBe(true);
  });
});

describe('a reconnect', () => {
  it('presents the versions it has, and is complete', () => {
    const model = settled();
    expect(model.open().map(describeRequest)).toEqual([
      'cluster ask a=v1',
      'listener ask l=v1',
      'endpoint ask +a a=v1',
      'secret ask +identity identity=v1',
      'route ask +r r=v1',
    ]);
    expect(model.complete()).toBe(true);
  });
});
