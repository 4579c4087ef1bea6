import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createConversation, type Conversation } from '../testing/conversation.ts';
import {
  changesBetween,
  workloadKey,
  type ModelMesh,
  type ModelService,
} from '../testing/model-mesh.ts';
import {
  breakingStep,
  calmStep,
  mesh,
  nothing,
  play,
  reconnect,
  roughStep,
} from '../testing/random-play.ts';
import { findRecord, recordsOf } from './config-node.ts';

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
        expect(talk.client.violations).toEqual([]);
      }),
      { numRuns: 2000 },
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
