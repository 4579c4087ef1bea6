import { resourceTypes, typeUrlOf } from '@osm/xds';

const labels: ReadonlyMap<string, string> = new Map(
  resourceTypes.map((type) => {
    const typeUrl = typeUrlOf(type);
    return [typeUrl, typeUrl.slice(typeUrl.lastIndexOf('.') + 1)];
  }),
);

/** The metrics label of a type URL: `Cluster`; `other` for what the mesh does not deliver, so that clients cannot invent labels. */
export function typeLabel(typeUrl: string): string {
  return labels.get(typeUrl) ?? 'other';
}
