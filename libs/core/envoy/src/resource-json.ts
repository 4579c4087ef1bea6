import { compareText } from '@osm/prelude';
import { messageToJson } from '@osm/proto-envoy';
import type { Resource } from '@osm/proto-mesh';

/** A resource for people: proto3 JSON, every Any opened, keys sorted. */
export function resourceToJson(resource: Resource): unknown {
  return sortKeys(messageToJson(resource.typeUrl, resource.body));
}

function sortKeys(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(sortKeys);
  if (typeof json !== 'object' || json === null) return json;
  const entries = Object.entries(json).sort(([a], [b]) => compareText(a, b));
  return Object.fromEntries(entries.map(([key, value]) => [key, sortKeys(value)]));
}
