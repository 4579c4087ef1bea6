import fc from 'fast-check';
import { recordsOf } from '../src/config-node.ts';
import { createConversation, type Conversation } from './conversation.ts';
import type { ClientKind } from './model-client.ts';
import {
  changesBetween,
  malformedContent,
  workloadKey,
  type ModelMesh,
  type ModelService,
} from './model-mesh.ts';

/** One thing that happens to a stream: the mesh changes, either side reads or does not, the stream breaks. */
export type Step =
  | { readonly kind: 'publish'; readonly mesh: ModelMesh; readonly cut: number }
  | { readonly kind: 'assign'; readonly workload: 'w' | 'v' }
  | { readonly kind: 'want'; readonly listeners: readonly string[] }
  | { readonly kind: 'responses'; readonly count: number }
  | { readonly kind: 'requests'; readonly count: number }
  | { readonly kind: 'writable'; readonly writable: boolean }
  | { readonly kind: 'poison'; readonly pick: number }
  | { readonly kind: 'settle' }
  | { readonly kind: 'reconnect' };

const serviceNames = ['a', 'b', 'c', 'd'];
const listenerNames = ['inbound', ...serviceNames.map((name) => `out.${name}`)];
const content = fc.integer({ min: 0, max: 2 });
const roughContent = fc.oneof(
  { weight: 5, arbitrary: content },
  { weight: 1, arbitrary: fc.constant(malformedContent) },
);
const calls = fc.oneof(
  { weight: 1, arbitrary: fc.constant('all' as const) },
  { weight: 3, arbitrary: fc.subarray(serviceNames) },
);

function meshOf(contents: fc.Arbitrary<number>): fc.Arbitrary<ModelMesh> {
  const service: fc.Arbitrary<ModelService> = fc.record({
    cluster: contents,
    endpoints: content,
    listener: contents,
    route: contents,
    backends: fc.subarray(serviceNames),
  });
  return fc
    .record({
      services: fc.dictionary(fc.constantFrom(...serviceNames), service),
      w: calls,
      v: calls,
    })
    .map(({ services, w, v }) => ({ services: { ...services }, workloads: { w, v } }));
}

/** A random mesh in which every client finds everything good. */
export const mesh = meshOf(content);
/** One in which some resources are refused. */
export const roughMesh = meshOf(roughContent);

const count = fc.integer({ min: 1, max: 4 });

/** A random step; `of` is the mesh that is published. */
export function stepsOf(of: fc.Arbitrary<ModelMesh>): fc.Arbitrary<Step> {
  return fc.oneof(
    fc.record({ kind: fc.constant('publish' as const), mesh: of, cut: fc.nat(20) }),
    fc.record({ kind: fc.constant('assign' as const), workload: fc.constantFrom('w', 'v') }),
    fc.record({ kind: fc.constant('want' as const), listeners: fc.subarray(listenerNames) }),
    fc.record({ kind: fc.constant('settle' as const) }),
    fc.record({ kind: fc.constant('responses' as const), count }),
    fc.record({ kind: fc.constant('requests' as const), count }),
    fc.record({ kind: fc.constant('writable' as const), writable: fc.boolean() }),
  );
}

export const calmStep = stepsOf(mesh);
/** Versions turn out to be malformed. */
export const roughStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: calmStep },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('poison' as const), pick: fc.nat(100) }),
  },
);
export const reconnect: fc.Arbitrary<Step> = fc.record({ kind: fc.constant('reconnect' as const) });
export const breakingStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: calmStep },
  { weight: 1, arbitrary: reconnect },
);

export const nothing: ModelMesh = { services: {}, workloads: {} };

/** What came of it: the stream, and the bundle it belongs to. */
export interface Played {
  readonly talk: Conversation;
  readonly bundle: string;
}

/** Plays the steps; the mesh is published in two parts at a random cut, as batches of the bus fall. */
export function play(steps: readonly Step[], kind?: ClientKind): Played {
  const talk = createConversation(kind);
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
      case 'want':
        talk.want(step.listeners);
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
      case 'poison':
        poison(talk, bundle, step.pick);
        break;
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

/** Makes a version malformed that the client does not have yet. */
function poison(talk: Conversation, bundle: string, pick: number): void {
  const node = talk.index.node(bundle);
  if (node === undefined) return;
  const all = (['cluster', 'route', 'listener'] as const).flatMap((type) => recordsOf(node, type));
  const record = all[pick % Math.max(1, all.length)];
  if (record === undefined) return;
  const held = talk.client.holdings[record.type].get(record.name);
  if (held?.version !== record.version) talk.client.poison.add(record.version);
}
