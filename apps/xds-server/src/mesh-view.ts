import type { TableEvent } from '@osm/bus';
import type { Bundle, ProxyAssignment, TrustBundle } from '@osm/proto-mesh';
import { createBundleIndex, type BundleChange, type ConfigNode } from '@osm/xds';

/** What this server knows of the mesh, from the bus. In memory: it goes on while the bus is away. */
export interface MeshView {
  /** Applies a batch as one step; returns the keys of the bundles whose closure changed. */
  readonly applyCompiled: (events: readonly TableEvent<Bundle>[]) => readonly string[];
  /** Returns the uuids whose assignment changed. */
  readonly applyWorkloads: (events: readonly TableEvent<ProxyAssignment>[]) => readonly string[];
  /** Returns the bundle if it is another one. */
  readonly applyTrust: (events: readonly TableEvent<TrustBundle>[]) => TrustBundle | undefined;
  readonly assignment: (uuid: string) => ProxyAssignment | undefined;
  readonly closure: (bundle: string) => ConfigNode | undefined;
  readonly trust: () => TrustBundle | undefined;
  /** Buckets that have not been complete once; nothing is concluded from what is absent in them. */
  readonly missing: () => readonly BucketName[];
  readonly bundles: () => { readonly held: number; readonly incomplete: number };
}

export type BucketName = 'compiled' | 'workloads' | 'trust';

/** Creates an empty view. */
export function createMeshView(): MeshView {
  const index = createBundleIndex();
  const assignments = new Map<string, ProxyAssignment>();
  const missing = new Set<BucketName>(['compiled', 'workloads', 'trust']);
  let trust: TrustBundle | undefined;
  return {
    applyCompiled: (events) => {
      const changes: BundleChange[] = [];
      for (const event of events) {
        if (event.kind === 'complete') missing.delete('compiled');
        else if (event.kind === 'delete') changes.push(event);
        else changes.push({ kind: 'put', key: event.key, bundle: event.value });
      }
      return index.apply(changes);
    },
    applyWorkloads: (events) => {
      const changed = new Set<string>();
      for (const event of events) {
        if (event.kind === 'complete') {
          missing.delete('workloads');
          continue;
        }
        if (event.kind === 'delete') assignments.delete(event.key);
        else assignments.set(event.key, event.value);
        changed.add(event.key);
      }
      return [...changed];
    },
    applyTrust: (events) => {
      const before = trust;
      for (const event of events) if (event.kind === 'put') trust = event.value;
      if (trust !== undefined) missing.delete('trust');
      return trust === undefined || trust.id === before?.id ? undefined : trust;
    },
    assignment: (uuid) => assignments.get(uuid),
    closure: (bundle) => index.node(bundle),
    trust: () => trust,
    missing: () => [...missing],
    bundles: () => ({ held: index.size(), incomplete: index.incomplete().length }),
  };
}
