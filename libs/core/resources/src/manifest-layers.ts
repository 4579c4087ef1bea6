import type { Diagnostic } from '@osm/model';
import { compareText } from '@osm/prelude';
import type { Manifest, Manifests } from './manifests.ts';
import type { ObjectChange } from './mesh-catalog.ts';
import { diagnostic, displayName } from './object-ref.ts';
import { sameValue } from './same-value.ts';

/** A file of one of the layers. Higher layers replace objects of lower ones. `file` is unique among all layers. */
export interface LayerFile {
  readonly layer: number;
  readonly file: string;
}

/** What the edits since the last drain came to. */
export interface LayerDelta {
  readonly changes: readonly ObjectChange[];
  /** All there is to say about an owner (a file, or an object written twice); empty = nothing any more. */
  readonly diagnostics: ReadonlyMap<string, readonly Diagnostic[]>;
}

/**
 * Files in layers, seen as one set of objects. The highest layer with an object counts; within a layer the first file by name,
 * and the other ones are told to be duplicates.
 */
export interface ManifestLayers {
  /** Replaces what a file holds. Of an incomplete one, objects that are not seen now stay as they were. */
  readonly put: (file: LayerFile, manifests: Manifests) => void;
  readonly remove: (file: string) => void;
  /** The last reading of a file, for parseManifests. */
  readonly previous: (file: string) => Manifests | undefined;
  readonly drain: () => LayerDelta;
}

interface FileState extends LayerFile {
  readonly manifests: Manifests;
  readonly objects: ReadonlyMap<string, readonly Manifest[]>;
}

interface State {
  readonly files: Map<string, FileState>;
  /** Files that hold an object, by object id. */
  readonly holders: Map<string, Set<string>>;
  /** What was reported last, by object id. */
  readonly winners: Map<string, Manifest>;
  readonly touchedIds: Set<string>;
  readonly touchedFiles: Set<string>;
  readonly told: Map<string, readonly Diagnostic[]>;
}

/** No file yet. */
export function createManifestLayers(): ManifestLayers {
  const state: State = {
    files: new Map(),
    holders: new Map(),
    winners: new Map(),
    touchedIds: new Set(),
    touchedFiles: new Set(),
    told: new Map(),
  };
  return {
    put: (file, manifests) => {
      const before = state.files.get(file.file);
      const kept = manifests.complete ? [] : (before?.manifests.manifests ?? []);
      const objects = groupById(manifests.manifests);
      for (const manifest of kept) {
        if (!objects.has(manifest.id)) objects.set(manifest.id, [manifest]);
      }
      const inForce = {
        ...manifests,
        manifests: [...objects.values()].flat(),
        diagnostics: tellKept(manifests, objects),
      };
      release(state, file.file);
      state.files.set(file.file, { ...file, manifests: inForce, objects });
      for (const id of objects.keys()) {
        const holders = state.holders.get(id) ?? new Set();
        state.holders.set(id, holders.add(file.file));
        state.touchedIds.add(id);
      }
    },
    remove: (file) => release(state, file),
    previous: (file) => state.files.get(file)?.manifests,
    drain: () => drain(state),
  };
}

/** Says beside what could not be read that the rest of the file is as it was. */
function tellKept(
  { manifests, diagnostics }: Manifests,
  objects: ReadonlyMap<string, unknown>,
): readonly Diagnostic[] {
  const count = objects.size - new Set(manifests.map(({ id }) => id)).size;
  if (count === 0) return diagnostics;
  const text =
    count === 1
      ? 'an object that this file held before stays in force'
      : `${count} objects that this file held before stay in force`;
  return diagnostics.map((item) => ({ ...item, message: `${item.message}; ${text}` }));
}

function groupById(manifests: readonly Manifest[]): Map<string, Manifest[]> {
  const byId = new Map<string, Manifest[]>();
  for (const manifest of manifests) {
    const list = byId.get(manifest.id);
    if (list === undefined) byId.set(manifest.id, [manifest]);
    else list.push(manifest);
  }
  return byId;
}

function release(state: State, file: string): void {
  state.touchedFiles.add(file);
  for (const id of state.files.get(file)?.objects.keys() ?? []) {
    const holders = state.holders.get(id);
    holders?.delete(file);
    if (holders?.size === 0) state.holders.delete(id);
    state.touchedIds.add(id);
  }
  state.files.delete(file);
}

function drain(state: State): LayerDelta {
  const changes: ObjectChange[] = [];
  const diagnostics = new Map<string, readonly Diagnostic[]>();
  const tell = (owner: string, list: readonly Diagnostic[]): void => {
    if (sameValue(list, state.told.get(owner) ?? [])) return;
    diagnostics.set(owner, list);
    if (list.length > 0) state.told.set(owner, list);
    else state.told.delete(owner);
  };
  for (const file of state.touchedFiles) {
    tell(`file ${file}`, state.files.get(file)?.manifests.diagnostics ?? []);
  }
  for (const id of state.touchedIds) {
    const [winner, ...others] = candidates(state, id);
    tell(
      `duplicates of ${id}`,
      others.map((other) => duplicate(other, winner)),
    );
    const before = state.winners.get(id);
    if (winner === undefined) {
      state.winners.delete(id);
      if (before !== undefined) changes.push({ kind: 'delete', id, ref: before.ref });
    } else if (
      before === undefined ||
      before.raw !== winner.raw ||
      !sameValue(before.ref, winner.ref)
    ) {
      state.winners.set(id, winner);
      changes.push({ kind: 'put', ...winner });
    }
  }
  state.touchedIds.clear();
  state.touchedFiles.clear();
  return { changes, diagnostics };
}

/** The manifests of an object in the highest layer that has it, the one that counts first. */
function candidates(state: State, id: string): readonly Manifest[] {
  const files = [...(state.holders.get(id) ?? [])].flatMap((file) => state.files.get(file) ?? []);
  const top = Math.max(...files.map(({ layer }) => layer));
  return files
    .filter(({ layer }) => layer === top)
    .sort((a, b) => compareText(a.file, b.file))
    .flatMap(({ objects }) => objects.get(id) ?? []);
}

function duplicate({ ref }: Manifest, winner: Manifest | undefined): Diagnostic {
  const place = `${winner?.ref.file ?? ''}:${winner?.ref.line ?? 0}`;
  const text = `${displayName(ref)} is written twice; the one at ${place} counts, remove the other`;
  return diagnostic('duplicate_object', ref, text);
}
