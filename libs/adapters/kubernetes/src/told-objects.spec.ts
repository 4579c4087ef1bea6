import { describe, expect, it } from 'vitest';
import type { KubernetesObject } from './resource-type.ts';
import { createToldObjects, type ResourceEvent, type ToldObjects } from './told-objects.ts';

const object = (namespace: string, name: string, resourceVersion: number): KubernetesObject => ({
  metadata: { namespace, name, resourceVersion: String(resourceVersion) },
});

const list = (resourceVersion: number, ...objects: readonly KubernetesObject[]) => ({
  objects,
  resourceVersion: String(resourceVersion),
});

/** `+ns/name@version` and `-ns/name`. */
const said = (events: readonly ResourceEvent[]): readonly string[] =>
  events.map((event) =>
    event.kind === 'put'
      ? `+${event.object.metadata.namespace}/${event.object.metadata.name}@${event.object.metadata.resourceVersion}`
      : `-${event.namespace}/${event.name}`,
  );

function members(...names: readonly string[]): { told: ToldObjects; names: Set<string> } {
  const set = new Set(names);
  return {
    told: createToldObjects(({ metadata }) => set.has(metadata.namespace ?? '')),
    names: set,
  };
}

describe('told objects', () => {
  it('tells the difference between a list and what was told', () => {
    const { told } = members('a');
    expect(said(told.list(list(10, object('a', 'x', 1), object('a', 'y', 2))))).toEqual([
      '+a/x@1',
      '+a/y@2',
    ]);
    expect(said(told.list(list(20, object('a', 'x', 1), object('a', 'z', 15))))).toEqual([
      '+a/z@15',
      '-a/y',
    ]);
  });

  it('holds nothing of namespaces that do not matter', () => {
    const { told } = members('a');
    expect(told.list(list(10, object('b', 'x', 1)))).toEqual([]);
    expect(told.put(object('b', 'y', 11))).toEqual([]);
    expect(told.delete(object('b', 'x', 12))).toEqual([]);
    expect(told.size()).toBe(0);
  });

  it('tells a version once, whether it comes from the stream or from the list of its namespace', () => {
    const { told, names } = members();
    names.add('a');
    const expectation = told.expect('a');
    expect(said(told.put(object('a', 'x', 12)))).toEqual(['+a/x@12']);
    expect(
      said(told.join(expectation, list(15, object('a', 'x', 12), object('a', 'y', 14)))),
    ).toEqual(['+a/y@14']);
    expect(told.put(object('a', 'y', 14))).toEqual([]);
  });

  it('does not bring back what the stream deleted while its namespace was listed', () => {
    const { told, names } = members();
    names.add('a');
    const expectation = told.expect('a');
    told.delete(object('a', 'x', 13));
    expect(told.join(expectation, list(12, object('a', 'x', 5)))).toEqual([]);
    expect(told.size()).toBe(0);
  });

  it('passes over what a late stream tells of the time before the list of the namespace', () => {
    const { told, names } = members();
    names.add('a');
    told.join(told.expect('a'), list(20, object('a', 'x', 18)));
    expect(told.put(object('a', 'gone', 10))).toEqual([]);
    expect(told.delete(object('a', 'x', 17))).toEqual([]);
    expect(said(told.put(object('a', 'x', 21)))).toEqual(['+a/x@21']);
  });

  it('an older list of everything deletes nothing in a namespace that was listed later', () => {
    const { told, names } = members();
    names.add('a');
    told.join(told.expect('a'), list(20, object('a', 'x', 18)));
    expect(told.list(list(15))).toEqual([]);
    expect(said(told.list(list(25)))).toEqual(['-a/x']);
  });

  it('forgets a namespace that leaves, also while it is being listed', () => {
    const { told, names } = members('a');
    told.list(list(10, object('a', 'x', 1)));
    names.delete('a');
    expect(said(told.leave('a'))).toEqual(['-a/x']);
    names.add('a');
    const first = told.expect('a');
    told.leave('a');
    const second = told.expect('a');
    expect(told.join(first, list(30, object('a', 'x', 1)))).toEqual([]);
    expect(said(told.join(second, list(31, object('a', 'x', 1))))).toEqual(['+a/x@1']);
  });

  it('forgets everything of a type that is not served any more', () => {
    const { told } = members('a', 'b');
    told.list(list(10, object('a', 'x', 1), object('b', 'y', 2)));
    expect(said(told.clear())).toEqual(['-a/x', '-b/y']);
    expect(told.size()).toBe(0);
  });
});
