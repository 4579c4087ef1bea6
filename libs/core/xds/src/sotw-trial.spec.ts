import { describe, expect, it } from 'vitest';
import { createConversation } from '../testing/conversation.ts';
import type { ClientKind } from '../testing/model-client.ts';
import {
  changesBetween,
  malformedContent,
  workloadKey,
  type ModelMesh,
  type ModelService,
} from '../testing/model-mesh.ts';
import { rejectionsOf } from './apply-stream.ts';

const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
const service = (cluster: number): ModelService => ({
  cluster,
  endpoints: 1,
  listener: 1,
  route: 1,
  backends: [],
});
/** Eight services; those in `bad` have a cluster that is refused. */
const world = (content: number, bad: readonly string[]): ModelMesh => ({
  services: Object.fromEntries(
    names.map((name) => [name, service(bad.includes(name) ? malformedContent : content)]),
  ),
  workloads: { w: names },
});
const nothing: ModelMesh = { services: {}, workloads: {} };

function connected(blames: ClientKind['blames'], first: ModelMesh) {
  const talk = createConversation({ protocol: 'sotw', asks: 'wildcard', blames });
  talk.publish(changesBetween(nothing, first));
  talk.assign(workloadKey('w'));
  talk.settle();
  let mark = talk.outputs.length;
  let current = first;
  return {
    talk,
    publish: (next: ModelMesh) => {
      talk.publish(changesBetween(current, next));
      current = next;
      talk.settle();
    },
    /** The lists of clusters that were sent since the last call, `!` before what is malformed. */
    lists: () => {
      const lists = talk.outputs.slice(mark).flatMap((output) => {
        if (output.kind !== 'send' || output.response.type !== 'cluster') return [];
        return [output.response.content.records.map(({ name }) => name).join('')];
      });
      mark = talk.outputs.length;
      return lists;
    },
    held: () =>
      [...talk.client.holdings.cluster.values()]
        .map(({ body }) => `${body.name}${body.content}`)
        .sort()
        .join(' '),
    refused: () => rejectionsOf(talk.state()).map(({ type, name }) => `${type} ${name}`),
  };
}

describe('a full list that is refused', () => {
  it('costs two more when the client names the offender, and takes nothing away', () => {
    const { publish, lists, held, refused } = connected('name', world(1, []));
    lists();
    publish(world(2, ['c']));
    expect(lists()).toHaveLength(3);
    expect(held()).toBe('a2 b2 c1 d2 e2 f2 g2 h2');
    expect(refused()).toEqual(['cluster c']);
  });

  it('is halved until the offenders are found when the client names nobody', () => {
    const { publish, lists, held, refused } = connected('nobody', world(1, []));
    lists();
    publish(world(2, ['c', 'h']));
    expect(held()).toBe('a2 b2 c1 d2 e2 f2 g2 h1');
    expect(refused().sort()).toEqual(['cluster c', 'cluster h']);
    expect(lists().length).toBeLessThanOrEqual(13);
  });

  it('leaves out what was never accepted', () => {
    const { held, lists, refused } = connected('index', world(1, ['a']));
    expect(held()).toBe('b1 c1 d1 e1 f1 g1 h1');
    expect(refused()).toEqual(['cluster a']);
    expect(lists()).toEqual([]);
  });

  it('is whole again with a version that is accepted', () => {
    const { publish, lists, held, refused } = connected('name', world(1, ['c']));
    lists();
    publish(world(2, []));
    expect(lists()).toHaveLength(1);
    expect(held()).toBe('a2 b2 c2 d2 e2 f2 g2 h2');
    expect(refused()).toEqual([]);
  });

  it('is not sent again while nothing changes', () => {
    const { publish, lists } = connected('name', world(1, ['c']));
    lists();
    publish(world(1, ['c']));
    expect(lists()).toEqual([]);
  });
});
