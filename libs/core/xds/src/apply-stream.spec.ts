import { DeltaDiscoveryResponse } from '@osm/proto-envoy/discovery';
import { describe, expect, it } from 'vitest';
import { createConversation } from '../testing/conversation.ts';
import type { ClientKind } from '../testing/model-client.ts';
import {
  changesBetween,
  resource,
  workloadKey,
  type ModelMesh,
  type ModelService,
} from '../testing/model-mesh.ts';
import { applyStream, rejectionsOf } from './apply-stream.ts';
import { createConfigNode } from './config-node.ts';
import { encodeResourceRecord } from './resource-record.ts';
import { typeUrlOf, type ResourceType } from './resource-types.ts';
import { createStreamState, isHolding, type StreamOutput } from './stream-state.ts';

const service = (change: Partial<ModelService> = {}): ModelService => ({
  cluster: 1,
  endpoints: 1,
  listener: 1,
  route: 1,
  backends: [],
  ...change,
});
const nothing: ModelMesh = { services: {}, workloads: {} };
const world = (services: ModelMesh['services'], calls: readonly string[]): ModelMesh => ({
  services,
  workloads: { w: calls },
});

/** A client that has the configuration of workload w. */
function connected(mesh: ModelMesh, kind?: ClientKind) {
  const talk = createConversation(kind);
  talk.want(['inbound', ...Object.keys(mesh.services).map((name) => `out.${name}`)]);
  talk.publish(changesBetween(nothing, mesh));
  talk.assign(workloadKey('w'));
  talk.settle();
  let mark = talk.outputs.length;
  let current = mesh;
  return {
    talk,
    publish: (next: ModelMesh) => {
      talk.publish(changesBetween(current, next));
      current = next;
    },
    /** What was sent since the last call: `type +name -name`. */
    sent: () => {
      const lines = talk.outputs.slice(mark).flatMap(describeSent);
      mark = talk.outputs.length;
      return lines;
    },
  };
}

function describeSent(output: StreamOutput): string[] {
  if (output.kind !== 'send') return [];
  const { type, records, removed } = output.response.content;
  const parts = [...records.map((r) => `+${r.name}`), ...removed.map((name) => `-${name}`)];
  return [[type, ...parts].join(' ')];
}

describe('the order on the wire', () => {
  it('brings clusters before endpoints before listeners before routes', () => {
    const talk = createConversation();
    talk.publish(changesBetween(nothing, world({ a: service() }, ['a'])));
    talk.assign(workloadKey('w'));
    talk.settle();
    expect(talk.outputs.flatMap(describeSent)).toEqual([
      'cluster +a',
      'endpoint +a',
      'listener +inbound +out.a',
      'route +inbound +out.a',
    ]);
  });

  it('holds routes back until new clusters are acknowledged', () => {
    const { talk, publish, sent } = connected(world({ a: service(), b: service() }, ['a']));
    publish(world({ a: service({ backends: ['b'], route: 2 }), b: service() }, ['a']));
    expect(sent()).toEqual(['cluster +b']);
    talk.deliverResponse();
    talk.deliverRequest(); // endpoints of b are asked for
    expect(sent()).toEqual(['endpoint +b']);
    talk.deliverRequest(); // acknowledgement of the cluster
    expect(sent()).toEqual(['route +out.a']);
  });

  it('holds nothing back for a new cluster that has no endpoints to wait for', () => {
    const { talk, sent } = connected(world({ a: service() }, ['a']));
    const before = talk.index.node(workloadKey('w'));
    const resources = [resource('cluster', 'passthrough', 1), resource('listener', 'inbound', 2)];
    const includes = before?.includes.map((include) => include.key) ?? [];
    talk.publish([{ kind: 'put', key: workloadKey('w'), bundle: { resources, includes } }]);
    expect(sent().slice(0, 2)).toEqual(['cluster +passthrough', 'listener +inbound']);
  });

  it('does not hold them back for ever', () => {
    const { talk, publish, sent } = connected(world({ a: service(), b: service() }, ['a']));
    publish(world({ a: service({ backends: ['b'], route: 2 }), b: service() }, ['a']));
    expect(isHolding(talk.state())).toBe(true);
    sent();
    talk.input({ kind: 'overdue' });
    expect(sent()).toEqual(['route +out.a']);
    expect(isHolding(talk.state())).toBe(false);
  });

  it('takes away in reverse, listeners in one response with those that come', () => {
    const { talk, publish, sent } = connected(world({ a: service(), b: service() }, ['a']));
    publish(world({ a: service(), b: service() }, ['b']));
    talk.settle();
    expect(sent()).toEqual([
      'cluster +b',
      'endpoint +b',
      'listener +out.b -out.a',
      'route -out.a',
      'endpoint -a',
      'cluster -a',
      'route +out.b',
    ]);
  });

  it('sends the endpoints of a changed cluster again, although they are the same', () => {
    const { talk, publish, sent } = connected(world({ a: service() }, ['a']));
    publish(world({ a: service({ cluster: 2 }) }, ['a']));
    talk.settle();
    expect(sent()).toEqual(['cluster +a', 'endpoint +a']);
  });

  it('sends them also when the cluster changed while the client was away', () => {
    const { talk, publish, sent } = connected(world({ a: service(), b: service() }, ['a', 'b']));
    talk.assign('nobody');
    publish(world({ a: service({ cluster: 2 }), b: service() }, ['a', 'b']));
    talk.assign(workloadKey('w'));
    talk.reconnect();
    sent();
    talk.settle();
    expect([...talk.client.warming]).toEqual([]);
    expect(talk.client.holdings.cluster.get('a')?.body.content).toBe(2);
  });
});

describe('a client that comes again', () => {
  const services = { a: service({ backends: ['c'] }), b: service(), c: service() };

  /** It had a (which names c as well), and was away when `next` was published. */
  function returning(next: ModelMesh, kind?: ClientKind) {
    const client = connected(world(services, ['a', 'b']), kind);
    client.talk.assign('nobody');
    client.publish(next);
    client.talk.assign(workloadKey('w'));
    client.talk.reconnect();
    client.sent();
    return client;
  }

  it('loses clusters after the listeners and routes that named them', () => {
    const { talk, sent } = returning(world({ b: service() }, ['b']));
    talk.settle();
    expect(sent()).toEqual(['listener -out.a', 'route -out.a', 'endpoint -a -c', 'cluster -a -c']);
    expect(talk.client.violations).toEqual([]);
    expect([...talk.client.holdings.cluster.keys()]).toEqual(['b']);
    expect(isHolding(talk.state())).toBe(false);
  });

  it('does so, too, when it hears of the change between its requests', () => {
    const { talk, publish, sent } = connected(world(services, ['a', 'b']));
    talk.reconnect();
    sent();
    talk.deliverRequest(); // clusters
    publish(world({ b: service() }, ['b']));
    talk.settle();
    expect(sent()).toEqual(['listener -out.a', 'route -out.a', 'endpoint -a -c', 'cluster -a -c']);
    expect(talk.client.violations).toEqual([]);
    expect(isHolding(talk.state())).toBe(false);
  });

  it('loses them after the routes that only do not name them any more', () => {
    const { talk, sent } = returning(world({ ...services, a: service() }, ['a', 'b']));
    talk.settle();
    expect(sent()).toEqual(['route +out.a', 'endpoint -c', 'cluster -c']);
    expect(talk.client.violations).toEqual([]);
  });

  it('has new ones first of all', () => {
    const { talk, sent } = returning(
      world({ ...services, a: service({ backends: ['d'] }), d: service() }, ['a', 'b']),
    );
    talk.settle();
    expect(sent()).toEqual([
      'cluster +d',
      'endpoint +d',
      'route +out.a',
      'endpoint -c',
      'cluster -c',
    ]);
    expect(talk.client.violations).toEqual([]);
  });

  it('keeps one that comes back before it was taken away', () => {
    const { talk, publish, sent } = returning(world({ b: service() }, ['b']));
    talk.deliverRequest(); // clusters
    talk.deliverRequest(); // endpoints
    expect(sent()).toEqual([]);
    publish(world(services, ['a', 'b']));
    talk.settle();
    expect(sent().filter((line) => line.includes('-'))).toEqual([]);
    expect(talk.client.violations).toEqual([]);
    expect([...talk.client.warming]).toEqual([]);
    expect(isHolding(talk.state())).toBe(false);
  });

  it('loses them in this order, too, when it asks by name for full lists', () => {
    const grpc: ClientKind = { protocol: 'sotw', asks: 'named', blames: 'name' };
    const { talk, sent } = returning(world({ ...services, a: service() }, ['a', 'b']), grpc);
    talk.settle();
    expect(sent()).toEqual([
      'endpoint +a +b',
      'listener +inbound +out.a +out.b',
      'route +inbound +out.a +out.b',
      'cluster +a +b',
    ]);
    expect(talk.client.violations).toEqual([]);
    expect([...talk.client.holdings.cluster.keys()]).toEqual(['a', 'b']);
    expect(isHolding(talk.state())).toBe(false);
  });

  it('is not kept waiting when it asks for no routes and names a cluster that is not there', () => {
    const grpc: ClientKind = { protocol: 'sotw', asks: 'named', blames: 'name' };
    const { talk, sent } = returning(world({ ...services, a: service() }, ['a', 'b']), grpc);
    for (let request = 0; request < 3; request++) talk.deliverRequest();
    expect(sent()).toEqual(['endpoint +a +b', 'listener +inbound +out.a +out.b']);
    talk.input({ kind: 'overdue' });
    expect(sent()).toEqual(['cluster +a +b']);
  });

  it('does not keep them for ever when it asks for no routes', () => {
    const { talk, sent } = returning(world({ b: service() }, ['b']));
    talk.deliverRequest(); // clusters
    talk.deliverRequest(); // endpoints
    talk.deliverRequest(); // listeners
    expect(sent()).toEqual(['listener -out.a']);
    expect(isHolding(talk.state())).toBe(true);
    talk.input({ kind: 'overdue' });
    expect(sent()).toEqual(['endpoint -a -c', 'cluster -a -c']);
    expect(isHolding(talk.state())).toBe(false);
  });
});

describe('the bytes', () => {
  it('are none for a stream that a change does not concern', () => {
    const { publish, sent } = connected(world({ a: service(), b: service() }, ['a']));
    publish(world({ a: service(), b: service({ cluster: 2, route: 3, endpoints: 4 }) }, ['a']));
    expect(sent()).toEqual([]);
  });

  it('are the same memory for all streams that take the same step', () => {
    const streams = [1, 2].map(() => connected(world({ a: service() }, ['a'])));
    const [first, second] = streams;
    if (first === undefined || second === undefined) throw new Error('two streams');
    // Both follow one index, as in a server.
    const before = first.talk.index.node(workloadKey('w'));
    first.publish(world({ a: service({ route: 2 }) }, ['a']));
    const after = first.talk.index.node(workloadKey('w'));
    second.talk.input({ kind: 'target', target: { config: before, secrets: undefined } });
    second.talk.settle();
    second.sent();
    second.talk.input({ kind: 'target', target: { config: after, secrets: undefined } });
    const last = (outputs: readonly StreamOutput[]) => {
      const output = outputs.at(-1);
      return output?.kind === 'send' ? output.response.bytes : undefined;
    };
    expect(last(second.talk.outputs)).toBeDefined();
    expect(last(second.talk.outputs)).toBe(last(first.talk.outputs));
  });
});

describe('a refused response', () => {
  const services = { a: service(), b: service(), c: service() };

  it('is taken apart; the offender is kept back until it changes', () => {
    const { talk, publish, sent } = connected(world(services, ['a', 'b', 'c']));
    const bad = world({ ...services, a: service({ cluster: 2 }), b: service({ cluster: 2 }) }, [
      'a',
      'b',
      'c',
    ]);
    const before = talk.index.node('cluster.b')?.records[0]?.version;
    publish(bad);
    const version = talk.index.node('cluster.b')?.records[0]?.version ?? '';
    expect(version).not.toBe(before);
    talk.client.poison.add(version);
    talk.settle();
    expect(sent()).toEqual(['cluster +a +b', 'endpoint +a +b', 'cluster +a', 'cluster +b']);
    expect(rejectionsOf(talk.state())).toEqual([
      { type: 'cluster', name: 'b', version, message: 'b is malformed' },
    ]);
    expect(talk.client.holdings.cluster.get('b')?.version).toBe(before);
    // Other changes go on, and do not bring it again.
    publish(
      world({ ...services, a: service({ cluster: 3 }), b: service({ cluster: 2 }) }, [
        'a',
        'b',
        'c',
      ]),
    );
    talk.settle();
    expect(sent()).toEqual(['cluster +a', 'endpoint +a']);
    publish(
      world({ ...services, a: service({ cluster: 3 }), b: service({ cluster: 3 }) }, [
        'a',
        'b',
        'c',
      ]),
    );
    talk.settle();
    expect(sent()).toEqual(['cluster +b', 'endpoint +b']);
    expect(rejectionsOf(talk.state())).toEqual([]);
  });

  it('keeps a refused resource back from one who asks for it by name again', () => {
    const { talk, publish, sent } = connected(world({ a: service() }, ['a']));
    publish(world({ a: service({ route: 2 }) }, ['a']));
    const route = talk.index.node('outbound.a')?.records.find(({ type }) => type === 'route');
    talk.client.poison.add(route?.version ?? '');
    talk.settle();
    expect(sent()).toEqual(['route +out.a']);
    talk.input({ kind: 'delta-request', request: deltaRequest('route', ['out.a']) });
    expect(sent()).toEqual([]);
  });
});

function deltaRequest(type: ResourceType | 'runtime', subscribe: readonly string[]) {
  return {
    typeUrl:
      type === 'runtime' ? 'type.googleapis.com/envoy.service.runtime.v3.Runtime' : typeUrlOf(type),
    resourceNamesSubscribe: subscribe,
    resourceNamesUnsubscribe: [],
    initialResourceVersions: {},
    responseNonce: '',
    errorDetail: undefined,
  };
}

describe('names that do not exist', () => {
  it('are said to be removed, and come when they appear', () => {
    const { talk, publish, sent } = connected(world({ a: service() }, ['a']));
    talk.input({ kind: 'delta-request', request: deltaRequest('endpoint', ['b']) });
    expect(sent()).toEqual(['endpoint -b']);
    publish(world({ a: service(), b: service() }, ['a', 'b']));
    expect(sent()).toContain('endpoint +b');
    talk.settle();
  });

  it('of a type that the mesh does not have are answered as well: Envoy waits for its runtime layer', () => {
    const step = applyStream(createStreamState('delta'), {
      kind: 'delta-request',
      request: deltaRequest('runtime', ['mesh']),
    });
    const [output] = step.outputs;
    if (output?.kind !== 'send-nothing') throw new Error('an answer');
    expect(DeltaDiscoveryResponse.decode(output.bytes)).toMatchObject({
      typeUrl: 'type.googleapis.com/envoy.service.runtime.v3.Runtime',
      resources: [],
      removedResources: ['mesh'],
    });
  });
});

describe('a client that does not read', () => {
  it('gets one difference when it does, however much happened', () => {
    const { talk, publish, sent } = connected(world({ a: service(), b: service() }, ['a', 'b']));
    talk.input({ kind: 'writable', writable: false });
    for (const route of [2, 3, 4])
      publish(world({ a: service({ route }), b: service({ endpoints: route }) }, ['a', 'b']));
    expect(sent()).toEqual([]);
    talk.input({ kind: 'writable', writable: true });
    expect(sent()).toEqual(['endpoint +b', 'route +out.a']);
    talk.settle();
    expect(talk.client.holdings.route.get('out.a')?.body.content).toBe(4);
  });

  it('is given no more than its fill in one step', () => {
    const body = new Uint8Array(40_000);
    const records = Array.from({ length: 10 }, (_, i) =>
      encodeResourceRecord({ type: 'cluster', name: `c${i}`, version: '1', body }),
    );
    const config = createConfigNode('w', records, []);
    let { state } = applyStream(createStreamState('delta'), {
      kind: 'target',
      target: { config, secrets: undefined },
    });
    let step = applyStream(state, { kind: 'delta-request', request: deltaRequest('cluster', []) });
    const sizes: number[] = [];
    while (step.outputs.length > 0) {
      sizes.push(step.outputs.length);
      state = step.state;
      step = applyStream(state, { kind: 'writable', writable: true });
    }
    expect(sizes).toEqual([1, 1, 1, 1]);
  });
});

describe('a client that asks for everything imaginable', () => {
  it('is stopped', () => {
    const names = Array.from({ length: 50_001 }, (_, i) => `n${i}`);
    const step = applyStream(createStreamState('delta'), {
      kind: 'delta-request',
      request: deltaRequest('route', names),
    });
    expect(step.outputs).toEqual([
      { kind: 'violation', message: 'more than 50000 names of type route are subscribed' },
    ]);
    expect(step.state.subscriptions.route).toBeUndefined();
  });
});

describe('secrets', () => {
  const secrets = (version: string) =>
    createConfigNode(
      'secrets',
      [
        encodeResourceRecord({
          type: 'secret',
          name: 'identity',
          version,
          body: new Uint8Array(4),
        }),
      ],
      [],
    );

  it('are waited for, and sent again when renewed, whatever else is held back', () => {
    let step = applyStream(createStreamState('delta'), {
      kind: 'delta-request',
      request: deltaRequest('secret', ['identity']),
    });
    expect(step.outputs).toEqual([]);
    const target = (version: string) => {
      step = applyStream(step.state, {
        kind: 'target',
        target: { config: undefined, secrets: secrets(version) },
      });
      return step.outputs.flatMap(describeSent);
    };
    expect(target('1')).toEqual(['secret +identity']);
    expect(target('1')).toEqual([]);
    expect(target('2')).toEqual(['secret +identity']);
  });
});
