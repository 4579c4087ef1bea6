import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createManifestLayers, type ManifestLayers } from './manifest-layers.ts';
import { noManifests, parseManifests } from './manifests.ts';

const account = (name: string, mark: number): string =>
  `{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "${name}"}, "mark": ${mark}}`;

function put(layers: ManifestLayers, layer: number, file: string, ...documents: string[]): void {
  const text = documents.join('\n---\n');
  const previous = layers.previous(file);
  const options = previous === undefined ? { file } : { file, previous };
  layers.put({ layer, file }, parseManifests(text, options));
}

/** Changes as `+name mark file` and `-name`, diagnostics by owner. */
function drain(layers: ManifestLayers) {
  const { changes, diagnostics } = layers.drain();
  return {
    changes: changes.map((change) =>
      change.kind === 'put'
        ? `+${change.ref.name} ${(change.raw as { mark: number }).mark} ${change.ref.file}`
        : `-${change.ref.name}`,
    ),
    diagnostics: Object.fromEntries(
      [...diagnostics].map(([owner, list]) => [owner, list.map(({ message }) => message)]),
    ),
  };
}

describe('manifest layers', () => {
  it('report what changed since the last drain, and nothing that came back', () => {
    const layers = createManifestLayers();
    put(layers, 0, 'a', account('x', 1), account('y', 1));
    expect(drain(layers).changes).toEqual(['+x 1 a', '+y 1 a']);
    put(layers, 0, 'a', account('x', 1), account('y', 2));
    expect(drain(layers).changes).toEqual(['+y 2 a']);
    layers.remove('a');
    put(layers, 0, 'a', account('x', 1));
    expect(drain(layers).changes).toEqual(['+x 1 a', '-y']);
    layers.remove('a');
    expect(drain(layers).changes).toEqual(['-x']);
    expect(drain(layers)).toEqual({ changes: [], diagnostics: {} });
  });

  it('move an object from file to file without removing it', () => {
    const layers = createManifestLayers();
    put(layers, 0, 'a', account('x', 1));
    drain(layers);
    layers.remove('a');
    put(layers, 0, 'b', account('x', 1));
    expect(drain(layers).changes).toEqual(['+x 1 b']);
  });

  it('prefer the highest layer, and fall back to the one below', () => {
    const layers = createManifestLayers();
    put(layers, 1, 'a', account('x', 1));
    put(layers, 0, 'b', account('x', 0));
    expect(drain(layers)).toEqual({ changes: ['+x 1 a'], diagnostics: {} });
    put(layers, 0, 'b', account('x', 5));
    expect(drain(layers).changes).toEqual([]);
    layers.remove('a');
    expect(drain(layers).changes).toEqual(['+x 5 b']);
  });

  it('prefer the first file by name within a layer, and the first document in a file', () => {
    const layers = createManifestLayers();
    put(layers, 0, 'b', account('x', 2));
    drain(layers);
    put(layers, 0, 'a', account('x', 1), account('x', 9));
    expect(drain(layers)).toEqual({
      changes: ['+x 1 a'],
      diagnostics: {
        'duplicates of /ServiceAccount/default/x': [
          'ServiceAccount default/x is written twice; the one at a:1 counts, remove the other',
          'ServiceAccount default/x is written twice; the one at a:1 counts, remove the other',
        ],
      },
    });
    layers.remove('b');
    put(layers, 0, 'a', account('x', 9));
    expect(drain(layers)).toEqual({
      changes: ['+x 9 a'],
      diagnostics: { 'duplicates of /ServiceAccount/default/x': [] },
    });
  });

  it('keep what an incomplete file held before, and say so', () => {
    const layers = createManifestLayers();
    put(layers, 0, 'a', account('x', 1), account('y', 1));
    drain(layers);
    put(layers, 0, 'a', '{', account('y', 2));
    const broken = drain(layers);
    expect(broken.changes).toEqual(['+y 2 a']);
    expect(broken.diagnostics['file a']).toEqual([
      expect.stringMatching(/^a:\d+: .*; an object that this file held before stays in force$/),
    ]);
    put(layers, 0, 'a', '{', '{');
    expect(drain(layers).changes).toEqual([]);
    put(layers, 0, 'a', account('y', 2));
    // y is put for its new line.
    expect(drain(layers)).toEqual({
      changes: ['+y 2 a', '-x'],
      diagnostics: { 'file a': [] },
    });
  });

  it('come to the same whatever the order of edits', () => {
    const edit = fc.record({
      file: fc.constantFrom('a', 'b', 'c', 'd'),
      names: fc.array(fc.constantFrom('x', 'y', 'z'), { maxLength: 3 }),
      mark: fc.nat(9),
    });
    const layerOf = (file: string): number => (file < 'c' ? 0 : 1);
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 20 }), (edits) => {
        const live = createManifestLayers();
        const seen = new Map<string, string>();
        const last = new Map<string, readonly string[]>();
        for (const { file, names, mark } of edits) {
          const documents = names.map((name) => account(name, mark));
          if (documents.length === 0) live.remove(file);
          else put(live, layerOf(file), file, ...documents);
          last.set(file, documents);
          for (const change of drain(live).changes) {
            const name = change.slice(1, 2);
            if (change.startsWith('+')) seen.set(name, change);
            else seen.delete(name);
          }
        }
        const fresh = createManifestLayers();
        for (const [file, documents] of last) put(fresh, layerOf(file), file, ...documents);
        expect([...seen.values()].sort()).toEqual(drain(fresh).changes.sort());
      }),
    );
  });

  it('may hold an empty file', () => {
    const layers = createManifestLayers();
    layers.put({ layer: 0, file: 'a' }, noManifests);
    expect(drain(layers)).toEqual({ changes: [], diagnostics: {} });
  });
});
