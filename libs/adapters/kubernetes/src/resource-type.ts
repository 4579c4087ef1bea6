/** One kind of objects as the API server serves it. */
export interface ResourceType {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** The name in URLs: small letters, plural. */
  readonly plural: string;
  readonly namespaced: boolean;
}

/** What every object of Kubernetes has. Items of a list come without `apiVersion` and `kind`. */
export interface KubernetesObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: ObjectMeta;
  readonly [field: string]: unknown;
}

/** What of the metadata the mesh reads. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

/** `group/version`, or the version alone for the core group. */
export function apiVersionOf({ group, version }: ResourceType): string {
  return group === '' ? version : `${group}/${version}`;
}

/** Where an object, or without `name` the collection, is served. */
export function resourcePath(
  type: ResourceType,
  place: {
    readonly namespace?: string | undefined;
    readonly name?: string | undefined;
    readonly subresource?: string;
  } = {},
): string {
  const root = type.group === '' ? '/api' : `/apis/${type.group}`;
  const parts = [root, type.version];
  if (type.namespaced && place.namespace !== undefined && place.namespace !== '') {
    parts.push('namespaces', encodeURIComponent(place.namespace));
  }
  parts.push(type.plural);
  if (place.name !== undefined) parts.push(encodeURIComponent(place.name));
  if (place.subresource !== undefined) parts.push(place.subresource);
  return parts.join('/');
}
