import type { Counter, Gauge, Metrics } from '@osm/telemetry';

/** The metrics of this service; OSM's names where OSM has them. */
export interface CatalogMetrics {
  readonly eventCount: Counter<'type' | 'namespace'>;
  readonly namespaceCount: Gauge;
  readonly objects: Gauge<'kind'>;
  readonly diagnostics: Gauge<'severity'>;
  readonly leading: Gauge;
}

export function createCatalogMetrics(metrics: Metrics): CatalogMetrics {
  return {
    eventCount: metrics.counter({
      name: 'osm_k8s_api_event_count',
      help: 'Changes of objects that reached the catalog, by type (pod-added, trafficsplit-updated, service-deleted, ...)',
      labels: ['type', 'namespace'],
    }),
    namespaceCount: metrics.gauge({
      name: 'osm_resource_namespace_count',
      help: 'Namespaces of the mesh',
    }),
    objects: metrics.gauge({
      name: 'osm_catalog_objects',
      help: 'Objects of the catalog',
      labels: ['kind'],
    }),
    diagnostics: metrics.gauge({
      name: 'osm_catalog_diagnostics',
      help: 'Diagnostics in force, those of the policy compiler included',
      labels: ['severity'],
    }),
    leading: metrics.gauge({
      name: 'osm_catalog_leading',
      help: '1 while this replica writes the catalog',
    }),
  };
}
