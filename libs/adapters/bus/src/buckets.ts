import {
  Bundle,
  CatalogObject,
  Diagnostics,
  ProxyAssignment,
  ProxyStatus,
  TrustBundle,
} from '@osm/proto-mesh';
import type { Bucket } from './bus.ts';

/** Every bucket of the mesh: who writes it, who reads it. Rights on the bus follow this table (rights.ts). */
export const buckets = {
  /** catalog-watcher -> policy-compiler, injector, certificate-manager */
  catalog: { name: 'catalog', codec: CatalogObject } satisfies Bucket<CatalogObject>,
  /** policy-compiler -> xds-server */
  compiled: { name: 'compiled', codec: Bundle } satisfies Bucket<Bundle>,
  /** policy-compiler -> xds-server */
  workloads: { name: 'workloads', codec: ProxyAssignment } satisfies Bucket<ProxyAssignment>,
  /** certificate-manager -> xds-server, injector */
  trust: { name: 'trust', codec: TrustBundle, keysMax: 1_000 } satisfies Bucket<TrustBundle>,
  /** policy-compiler -> catalog-watcher */
  diagnostics: { name: 'diagnostics', codec: Diagnostics } satisfies Bucket<Diagnostics>,
  /** xds-server (each instance its own proxies) -> catalog-watcher, certificate-manager */
  proxyStatus: {
    name: 'proxy-status',
    codec: ProxyStatus,
    shared: true,
  } satisfies Bucket<ProxyStatus>,
} as const;
