import { DiscoveryResponse } from '@osm/proto-envoy/discovery';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  changesBetween,
  decodeBody,
  workloadKey,
  type ModelBody,
  type ModelMesh,
} from '../testing/model-mesh.ts';
import { applyStream } from './apply-stream.ts';
import { createBundleIndex } from './bundle-index.ts';
import { recordsOf } from './config-node.ts';
import { resourceTypeOf, typeUrlOf, type ResourceType } from './resource-types.ts';
import { createStreamState, type SotwRequest, type StreamInput } from './stream-state.ts';

interface Lister {
  readonly held: Record<'cluster' | 'endpoint' | 'listener' | 'route', Map<string, ModelBody>>;
  readonly violations: readonly string[];
  readonly input: (input: StreamInput) => void;
  readonly settle: () => void;
  readonly responses: readonly ResourceType[];
}

/** A state-of-the-world client that lists clusters and listeners, and follows them by name to endpoints and routes. */
function createLister(): Lister {
  const held = {
    cluster: new Map<string, ModelBody>(),
    endpoint: new Map<string, ModelBody>(),
    listener: new Map<string, ModelBody>(),
    route: new Map<string, ModelBody>(),
  };
  const violations: string[] = [];
  const responses: ResourceType[] = [];
  const nonces: Partial<Record<ResourceType, string>> = {};
  let names: Record<'endpoint' | 'route', string> = { endpoint: '', route: '' };
  let state = createStreamState('sotw');
  const toServer: SotwRequest[] = [];
  const toClient: Uint8Array[] = [];

  const request = (type: ResourceType, resourceNames: readonly string[]): SotwRequest => ({
    typeUrl: typeUrlOf(type),
    resourceNames,
    responseNonce: nonces[type] ?? '',
    errorDetail: undefined,
  });
  const listed = (type: ResourceType): readonly string[] =>
    type === 'endpoint'
      ? [...held.cluster.keys()].sort()
      : type === 'route'
        ? [...held.listener.values()].flatMap((body) => body.names).sort()
        : [];
  const input = (next: StreamInput): void => {
    const step = applyStream(state, next);
    state = step.state;
    for (const output of step.outputs)
      if (output.kind === 'send') toClient.push(output.response.bytes);
  };
  const receive = (bytes: Uint8Array): void => {
    const response = DiscoveryResponse.decode(bytes);
    const type = resourceTypeOf(response.typeUrl);
    if (type === undefined || type === 'secret') throw new Error(response.typeUrl);
    responses.push(type);
    nonces[type] = response.nonce;
    if (type === 'cluster' || type === 'listener') held[type].clear();
    for (const { value } of response.resources) {
      const body = decodeBody(value);
      held[type].set(body.name, body);
    }
    for (const other of ['endpoint', 'route'] as const) {
      const wanted = listed(other).join();
      if (wanted === names[other]) continue;
      names = { ...names, [other]: wanted };
      for (const name of held[other].keys())
        if (!listed(other).includes(name)) held[other].delete(name);
      toServer.push(request(other, listed(other)));
    }
    for (const [name, body] of held.route)
      for (const cluster of body.names)
        if (!held.cluster.has(cluster)) violations.push(`route ${name} names ${cluster}`);
    toServer.push(request(type, listed(type)));
    if (type === 'cluster' && !responses.includes('listener'))
      if (nonces.listener === undefined) toServer.push(request('listener', []));
  };
  toServer.push(request('cluster', []));
  return {
    held,
    violations,
    responses,
    input,
    settle: () => {
      for (let i = 0; i < 1000; i++) {
        if (!state.writable) input({ kind: 'writable', writable: true });
        const next = toServer.shift();
        const bytes = next === undefined ? toClient.shift() : undefined;
        if (next !== undefined) input({ kind: 'sotw-request', request: next });
        else if (bytes !== undefined) receive(bytes);
        else return;
      }
      throw new Error('client and server go on for ever');
    },
  };
}

const names = ['a', 'b', 'c'];
const mesh: fc.Arbitrary<ModelMesh> = fc
  .record({
    services: fc.dictionary(
      fc.constantFrom(...names),
      fc.record({
        cluster: fc.nat(1),
        endpoints: fc.nat(1),
        listener: fc.nat(1),
        route: fc.nat(1),
        backends: fc.subarray(names),
      }),
    ),
    w: fc.oneof(fc.constant('all' as const), fc.subarray(names)),
  })
  .map(({ services, w }) => ({ services: { ...services }, workloads: { w } }));

describe('a state-of-the-world client', () => {
  it('ends with the closure, and never has a route without its cluster', () => {
    fc.assert(
      fc.property(
        fc.array(mesh, { minLength: 1, maxLength: 5 }),
        fc.array(fc.boolean()),
        (worlds, lazy) => {
          const index = createBundleIndex();
          const client = createLister();
          let before: ModelMesh = { services: {}, workloads: {} };
          worlds.forEach((world, i) => {
            index.apply(changesBetween(before, world));
            before = world;
            const config = index.node(workloadKey('w'));
            client.input({ kind: 'target', target: { config, secrets: undefined } });
            if (lazy[i] !== true) client.settle();
          });
          client.settle();
          const node = index.node(workloadKey('w'));
          if (node === undefined) throw new Error('a closure');
          for (const type of ['cluster', 'listener'] as const)
            expect([...client.held[type].keys()].sort()).toEqual(
              recordsOf(node, type).map((record) => record.name),
            );
          for (const type of ['cluster', 'endpoint', 'listener', 'route'] as const)
            for (const record of recordsOf(node, type)) {
              const body = client.held[type].get(record.name);
              expect(body?.version).toBe(record.version);
            }
          expect(client.violations).toEqual([]);
        },
      ),
      { numRuns: 400 },
    );
  });
});
