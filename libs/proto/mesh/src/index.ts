// Messages of the bus: what the services tell each other. Generated from proto/osm; this file is the reviewable surface.
export * from './gen/osm/catalog/v1/catalog.ts';
export { Epoch } from './gen/osm/status/v1/keys.ts';
export * from './gen/osm/status/v1/status.ts';
export * from './gen/osm/trust/v1/trust.ts';
export { Bundle, ProxyAssignment, Resource } from './gen/osm/xds/v1/compiled.ts';
