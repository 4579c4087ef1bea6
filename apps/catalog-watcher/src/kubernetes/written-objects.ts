import { writtenKinds, type WrittenObject } from '@osm/admission';
import {
  listObjects,
  resourceTypes,
  type ApiServer,
  type KubernetesObject,
  type ResourceType,
} from '@osm/kubernetes';
import type { ObjectRef } from '@osm/model';
import { MeshError } from '@osm/prelude';
import type { Logger } from '@osm/telemetry';
import type { SourceEvent } from '../source.ts';

/** Objects of the kinds that the validator compares with each other, and that the catalog does not have. */
export interface WrittenObjects {
  readonly observe: (batch: readonly SourceEvent[]) => void;
  readonly ofKind: (kind: string) => Iterable<WrittenObject>;
  /**
   * What there is of a kind in a namespace at this moment, when one of that kind may conflict with another: two that are applied in one go are
   * too fast for a watch. Otherwise, and when the API server does not say, what was observed.
   */
  readonly now: (kind: string, namespace: string) => Promise<Iterable<WrittenObject>>;
}

const conflicting: ReadonlyMap<string, ResourceType> = new Map(
  [
    resourceTypes.ingressBackend,
    resourceTypes.meshRootCertificate,
    resourceTypes.upstreamTrafficSetting,
  ].map((type) => [type.kind, type]),
);

export function createWrittenObjects(server: Pick<ApiServer, 'ask'>, log: Logger): WrittenObjects {
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
    now: async (kind, namespace) => {
      const type = conflicting.get(kind);
      const observed = [...(byKind.get(kind)?.values() ?? [])];
      if (type === undefined) return observed;
      try {
        const signal = AbortSignal.timeout(listMsMax);
        const { objects } = await listObjects(server, type, { namespace, signal });
        return objects.map((raw) => ({ ref: refOf(kind, raw), spec: specOf(raw) }));
      } catch (thrown) {
        log.warn('conflicts are looked for among what was seen last', {
          err: MeshError.from(thrown),
        });
        return observed;
      }
    },
  };
}

/** The API server waits five seconds for the verdict. */
const listMsMax = 2_000;

function refOf(kind: string, { metadata }: KubernetesObject): ObjectRef {
  return { kind, namespace: metadata.namespace ?? '', name: metadata.name, file: '', line: 0 };
}

function specOf(raw: unknown): unknown {
  return (raw as { readonly spec?: unknown } | null)?.spec;
}
