import type { HttpReply } from '@osm/runtime';

/** What `/smi/version` answers: the kinds of SMI that the mesh reads, in the versions that its definitions store. Keys are OSM's. */
const smiVersions = {
  HTTPRouteGroup: 'specs.smi-spec.io/v1alpha4',
  TCPRoute: 'specs.smi-spec.io/v1alpha4',
  TrafficSplit: 'split.smi-spec.io/v1alpha2',
  TrafficTarget: 'access.smi-spec.io/v1alpha3',
} as const;

/** Answers `/smi/version`, which OSM's controller did, and this service goes by its name. */
export function answerSmiVersions(): HttpReply {
  return { status: 200, contentType: 'application/json', body: JSON.stringify(smiVersions) };
}
