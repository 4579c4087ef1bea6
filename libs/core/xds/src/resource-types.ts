import { typeUrls, type ResourceType } from '@osm/proto-envoy/discovery';

export type { ResourceType };

/** Every type the mesh delivers, in make-before-break order; secrets come from another source and stand outside the order. */
export const resourceTypes = [
  'cluster',
  'endpoint',
  'listener',
  'route',
  'secret',
] as const satisfies readonly ResourceType[];

const typeByUrl: ReadonlyMap<string, ResourceType> = new Map(
  resourceTypes.map((type) => [typeUrls[type], type]),
);

/** The type behind an xDS type URL; undefined when the mesh has no resources of it. */
export function resourceTypeOf(typeUrl: string): ResourceType | undefined {
  return typeByUrl.get(typeUrl);
}

/** The xDS type URL of a type. */
export function typeUrlOf(type: ResourceType): string {
  return typeUrls[type];
}
