import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createConversation, type Conversation } from '../testing/conversation.ts';
import {
  changesBetween,
  workloadKey,
  type ModelMesh,
  type ModelService,
} from '../testing/model-mesh.ts';
import { findRecord, recordsOf } from './config-node.ts';

const serviceNames = ['a', 'b', 'c', 'd'];
const content = fc.integer({ min: 0, max: 2 });
const calls = fc.oneof(
  { weight: 1, arbitrary: fc.constant('all' as const) },
  { weight: 3, arbitrary: fc.subarray(serviceNames) },
);
const service: fc.Arbitrary<ModelService> = fc.record({
  cluster: content,
  endpoints: content,
  listener: content,
  route: content,
  backends: fc.subarray(serviceNames),
});
const mesh: fc.Arbitrary<ModelMesh> = fc
  .record({
    services: fc.dictionary(fc.constantFrom(...serviceNames), service),
    w: calls,
    v: calls,
  })
  .map(({ services, w, v }) => ({ services: { ...services }, workloads: { w, v } }));

type Step =
  | { readonly kind: 'publish'; readonly mesh: ModelMesh; readonly cut: number }
  | { readonly kind: 'assign'; readonly workload: 'w' | 'v' }
  | { readonly kind: 'responses'; readonly count: number }
  | { readonly kind: 'requests'; readonly count: number }
  | { readonly kind: 'writable'; readonly writable: boolean }
  | { readonly kind: 'poison'; readonly pick: number }
  | { readonly kind: 'settle' }
  | { readonly kind: 'reconnect' };

const count = fc.integer({ min: 1, max: 4 });
const calmStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('publish' as const), mesh, cut: fc.nat(20) }),
  fc.record({ kind: fc.constant('assign' as const), workload: fc.constantFrom('w', 'v') }),
  fc.record({ kind: fc.constant('settle' as const) }),
  fc.record({ kind: fc.constant('responses' as const), count }),
  fc.record({ kind: fc.constant('requests' as const), count }),
  fc.record({ kind: fc.constant('writable' as const), writable: fc.boolean() }),
);
const roughStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: calmStep },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('poison' as const), pick: fc.nat(100) }),
  },
);
const reconnect: fc.Arbitrary<Step> = fc.record({ kind: fc.constant('reconnect' as const) });
const breakingStep = fc.oneof(
  { weight: 5, arbitrary: calmStep },
  { weight: 1, arbitrary: reconnect },
);

/** Services that never change: enough of them that closures are indexed and subscriptions are kept as 'all but'. */
const crowd: readonly string[] = Array.from({ length: 30 }, (_, i) => `s${i}`);
const still: ModelService = { cluster: 1, endpoints: 1, listener: 1, route: 1, backends: [] };

function withCrowd(world: ModelMesh): ModelMesh {
  const services = Object.fromEntries(crowd.map((name) => [name, still]));
  const workloads = Object.entries(world.workloads).map(([name, calls]) => [
    name,
    calls === 'all' ? calls : [...calls, ...crowd],
  ]);
  return { services: { ...services, ...world.services }, workloads: Object.fromEntries(workloads) };
}

const nothing: ModelMesh = { services: {}, workloads: {} };

/** Plays the steps; the mesh is published in two parts at a random cut, as batches of the bus fall. */
function play(steps: readonly Step[]): { readonly talk: Conversation; readonly bundle: string } {
  const talk = createConversation();
  let published = nothing;
  let bundle = workloadKey('w');
  talk.assign(bundle);
  for (const step of steps) {
    switch (step.kind) {
      case 'publish': {
        const changes = changesBetween(published, step.mesh);
        const cut = changes.length === 0 ? 0 : step.cut % changes.length;
        talk.publish(changes.slice(0, cut));
        talk.deliverResponse();
        talk.publish(changes.slice(cut));
        published = step.mesh;
        break;
      }
      case 'assign':
        bundle = workloadKey(step.workload);
        talk.assign(bundle);
        break;
      case 'responses':
        for (let i = 0; i < step.count; i++) talk.deliverResponse();
        break;
      case 'requests':
        for (let i = 0; i < step.count; i++) talk.deliverRequest();
        break;
      case 'writable':
        talk.input({ kind: 'writable', writable: step.writable });
        break;
      case 'poison': {
        const node = talk.index.node(bundle);
        const all =
          node === undefined
            ? []
            : [
                ...recordsOf(node, 'cluster'),
                ...recordsOf(node, 'route'),
                ...recordsOf(node, 'listener'),
              ];
        const record = all[step.pick % Math.max(1, all.length)];
        const held = record && talk.client.holdings[record.type].get(record.name);
        if (record !== undefined && held?.version !== record.version)
          talk.client.poison.add(record.version);
        break;
      }
      case 'settle':
        talk.settle();
        break;
      case 'reconnect':
        talk.reconnect();
        break;
    }
  }
  talk.settle();
  return { talk, bundle };
}

/** The client has exactly the closure, apart from what it refuses. */
function expectEqualToClosure(talk: Conversation, bundle: string): void {
  const node = talk.index.node(bundle);
  if (node === undefined) return;
  const { holdings, poison } = talk.client;
  for (const type of ['cluster', 'listener'] as const) {
    const wanted = recordsOf(node, type);
    for (const { name, version } of wanted)
      if (poison.has(version)) expect(holdings[type].get(name)?.version).not.toBe(version);
      else expect([type, name, holdings[type].get(name)?.version]).toEqual([type, name, version]);
    const names = new Set(wanted.map((record) => record.name));
    expect([...holdings[type].keys()].filter((name) => !names.has(name))).toEqual([]);
  }
  for (const name of holdings.cluster.keys())
    expect(holdings.endpoint.get(name)?.version).toBe(findRecord(node, 'endpoint', name)?.version);
  for (const { body } of holdings.listener.values())
    for (const name of body.names) {
      const version = findRecord(node, 'route', name)?.version ?? '';
      if (!poison.has(version)) expect(holdings.route.get(name)?.version).toBe(version);
    }
}

describe('a delta client', () => {
  it('ends with the closure, whatever changes and however slow it is', () => {
    fc.assert(
      fc.property(fc.array(calmStep, { maxLength: 30 }), (steps) => {
        const { talk, bundle } = play(steps);
        expectEqualToClosure(talk, bundle);
        expect(talk.client.violations).toEqual([]);
        expect([...talk.client.warming]).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it('does so in a crowd as well', () => {
    const crowded = calmStep.map((step) =>
      step.kind === 'publish' ? { ...step, mesh: withCrowd(step.mesh) } : step,
    );
    const steps = fc.array(fc.oneof({ weight: 8, arbitrary: crowded }, reconnect), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(steps, (list) => {
        const { talk, bundle } = play(list);
        expectEqualToClosure(talk, bundle);
      }),
      { numRuns: 150 },
    );
  });

  it('ends with the closure after reconnects, told only what differs', () => {
    fc.assert(
      fc.property(fc.array(breakingStep, { maxLength: 30 }), (steps) => {
        const { talk, bundle } = play(steps);
        expectEqualToClosure(talk, bundle);
      }),
      { numRuns: 500 },
    );
  });

  it('has everything but what it refuses, and is not asked again and again', () => {
    fc.assert(
      fc.property(fc.array(roughStep, { maxLength: 30 }), (steps) => {
        const { talk, bundle } = play(steps);
        expectEqualToClosure(talk, bundle);
      }),
      { numRuns: 500 },
    );
  });

  it('gets nothing when it comes again and nothing has changed', () => {
    fc.assert(
      fc.property(mesh, (world) => {
        const talk = createConversation();
        talk.publish(changesBetween(nothing, world));
        talk.assign(workloadKey('w'));
        talk.settle();
        const before = talk.outputs.length;
        talk.reconnect();
        talk.settle();
        const told = talk.outputs.slice(before).flatMap((output) => {
          if (output.kind !== 'send') return [];
          const { records, removed } = output.response.content;
          return [...records.map((record) => record.name), ...removed];
        });
        expect(told).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});
