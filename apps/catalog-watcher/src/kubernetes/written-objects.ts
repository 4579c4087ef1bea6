import { writtenKinds, type WrittenObject } from '@osm/admission';
import type { SourceEvent } from '../source.ts';

/** Objects of the kinds that the validator compares with each other, and that the catalog does not have. */
export interface WrittenObjects {
  readonly observe: (batch: readonly SourceEvent[]) => void;
  readonly ofKind: (kind: string) => Iterable<WrittenObject>;
}

export function createWrittenObjects(): WrittenObjects {
  const byKind = new Map<string, Map<string, WrittenObject>>();
  for (const kind of writtenKinds) byKind.set(kind, new Map());
  return {
    observe: (batch) => {
      for (const event of batch) {
        if (event.kind !== 'put' && event.kind !== 'delete') continue;
        const objects = byKind.get(event.ref.kind);
        if (event.kind === 'delete') objects?.delete(event.id);
        else objects?.set(event.id, { ref: event.ref, spec: specOf(event.raw) });
      }
    },
    ofKind: (kind) => byKind.get(kind)?.values() ?? [],
  };
}

function specOf(raw: unknown): unknown {
  return (raw as { readonly spec?: unknown } | null)?.spec;
}
