import type { Diagnostic } from '@osm/model';
import { Severity } from '@osm/proto-mesh';
import { parseManifests } from '@osm/resources';
import { createAlarm } from '../src/directory/alarm.ts';
import type { CatalogSource, SourceEvent } from '../src/source.ts';
import type { WorldObject } from './source-contract.ts';

/** A source that says what it is told to say; each call is a batch. */
export interface FakeSource extends CatalogSource {
  readonly put: (...objects: readonly WorldObject[]) => void;
  readonly remove: (...objects: readonly WorldObject[]) => void;
  readonly listed: () => void;
  /** All that there is to say about the owner, by code. */
  readonly tell: (owner: string, ...codes: readonly string[]) => void;
  /** Makes the watch throw. */
  readonly fail: (error: Error) => void;
}

export function createFakeSource(): FakeSource {
  const batches: (readonly SourceEvent[])[] = [];
  const alarm = createAlarm();
  let failure: Error | undefined;
  const send = (batch: readonly SourceEvent[]): void => {
    batches.push(batch);
    alarm.ring();
  };
  return {
    put: (...objects) => send(objects.map((object) => ({ kind: 'put', ...manifest(object) }))),
    remove: (...objects) =>
      send(objects.map((object) => ({ kind: 'delete', ...manifest(object) }))),
    listed: () => send([{ kind: 'listed' }]),
    tell: (owner, ...codes) =>
      send([{ kind: 'diagnostics', owner, diagnostics: codes.map(diagnosticOf) }]),
    fail: (error) => {
      failure = error;
      alarm.ring();
    },
    watch: async function* ({ signal }) {
      signal.addEventListener('abort', alarm.ring);
      while (!signal.aborted) {
        if (failure !== undefined) throw failure;
        const batch = batches.shift();
        if (batch === undefined) await alarm.rung();
        else yield batch;
      }
    },
  };
}

function manifest(object: WorldObject) {
  const file = `${object.metadata.name}.yaml`;
  const [first] = parseManifests(JSON.stringify(object), { file }).manifests;
  if (first === undefined) throw new Error('not an object');
  return first;
}

function diagnosticOf(code: string): Diagnostic {
  return { code, severity: Severity.SEVERITY_ERROR, object: undefined, message: code };
}
