import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createConversation, type Conversation } from '../testing/conversation.ts';
import type { ClientKind, Holdings } from '../testing/model-client.ts';
import { changesBetween, malformedContent, workloadKey } from '../testing/model-mesh.ts';
import {
  breakingStep,
  calmStep,
  mesh,
  nothing,
  play,
  roughMesh,
  stepsOf,
  type Step,
} from '../testing/random-play.ts';
import { rejectionsOf } from './apply-stream.ts';

const types = ['cluster', 'endpoint', 'listener', 'route'] as const;
const seeded = { seed: 20_260_404, numRuns: 200 };

const clientsThatAsk = (asks: ClientKind['asks']) => ({
  asks,
  delta: { protocol: 'delta', asks, blames: 'name' } as const satisfies ClientKind,
  sotw: { protocol: 'sotw', asks, blames: 'name' } as const satisfies ClientKind,
});

/** Everything that a client holds: names and content. */
function contentsOf({ client }: Conversation): unknown {
  return types.map((type) => [
    type,
    [...client.holdings[type]].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, held]) => held.body),
  ]);
}

function sends({ outputs }: Conversation): number {
  return outputs.filter(({ kind }) => kind === 'send').length;
}

function hasMalformed(holdings: Holdings): boolean {
  return types.some((type) =>
    [...holdings[type].values()].some(({ body }) => body.content === malformedContent),
  );
}

describe.each([clientsThatAsk('wildcard'), clientsThatAsk('named')])(
  'clients that ask for $asks resources',
  ({ asks, delta, sotw }) => {
    it('have the same in the end, and nothing goes before its replacement is there', () => {
      fc.assert(
        fc.property(fc.array(calmStep, { maxLength: 30 }), (steps) => {
          const expected = play(steps, delta).talk;
          expect(expected.client.violations).toEqual([]);
          const { talk } = play(steps, sotw);
          expect(contentsOf(talk)).toEqual(contentsOf(expected));
          expect(talk.client.violations).toEqual([]);
          expect([...talk.client.warming]).toEqual([]);
        }),
        seeded,
      );
    });

    it('have the same in the end after reconnects', () => {
      fc.assert(
        fc.property(fc.array(breakingStep, { maxLength: 30 }), (steps) => {
          const expected = play(steps, delta).talk;
          const { talk } = play(steps, sotw);
          expect(contentsOf(talk)).toEqual(contentsOf(expected));
          expect(expected.client.violations).toEqual([]);
          // A list of all clusters is answered without knowing what the client has: only names tell what goes.
          if (asks === 'named') expect(talk.client.violations).toEqual([]);
        }),
        { ...seeded, numRuns: 2000 },
      );
    });

    it('are told nothing when nothing changes', () => {
      fc.assert(
        fc.property(mesh, fc.constantFrom(delta, sotw), (world, kind) => {
          const talk = createConversation(kind);
          talk.publish(changesBetween(nothing, world));
          talk.assign(workloadKey('w'));
          talk.want(['out.a', 'out.b', 'inbound']);
          talk.settle();
          const before = sends(talk);
          talk.publish(changesBetween(nothing, world));
          talk.assign(workloadKey('w'));
          talk.want(['inbound', 'out.b', 'out.a']);
          talk.settle();
          expect(sends(talk)).toBe(before);
        }),
        seeded,
      );
    });

    it('have the same but for what they refuse, however slow they are, and are never asked in a loop', () => {
      const blames = fc.constantFrom('name', 'index', 'nobody');
      fc.assert(
        fc.property(fc.array(stepsOf(roughMesh), { maxLength: 30 }), blames, (steps, words) => {
          const expected = play(steps, delta).talk;
          const { talk } = play(steps, { ...sotw, blames: words });
          const isAllGood = [talk, expected].every(
            ({ state }) => rejectionsOf(state()).length === 0,
          );
          if (isAllGood) expect(contentsOf(talk)).toEqual(contentsOf(expected));
          expect(hasMalformed(talk.client.holdings)).toBe(false);
        }),
        seeded,
      );
    });
  },
);

// Only with wildcards: who asks by name may give up and ask again while an offender is looked for, and has nothing to fall back to then.
describe('clients that refuse something', () => {
  const { delta, sotw } = clientsThatAsk('wildcard');

  it.each(['name', 'index', 'nobody'] as const)(
    'have the same when a refusal blames by %s, the last good version of what they refuse included',
    (blames) => {
      const step = stepsOf(roughMesh).filter(({ kind }) => kind === 'publish' || kind === 'want');
      const calm = fc
        .array(step, { maxLength: 8 })
        .map((steps) => steps.flatMap((one): Step[] => [one, { kind: 'settle' }]));
      fc.assert(
        fc.property(calm, (steps) => {
          const expected = play(steps, delta).talk;
          const { talk } = play(steps, { ...sotw, blames });
          expect(contentsOf(talk)).toEqual(contentsOf(expected));
        }),
        seeded,
      );
    },
  );
});
