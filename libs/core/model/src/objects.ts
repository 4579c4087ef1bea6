import type { DeepReadonly } from '@osm/prelude';
import type * as proto from '@osm/proto-mesh';
import { encodeKey } from './keys.ts';

// As the messages of proto/osm/catalog/v1 say, where each field is explained; here they are never changed.

export type Namespace = DeepReadonly<proto.Namespace>;
export type ServiceAccount = DeepReadonly<proto.ServiceAccount>;
export type Label = DeepReadonly<proto.Label>;
export type Service = DeepReadonly<proto.Service>;
export type ServicePort = DeepReadonly<proto.ServicePort>;
export type EndpointSlice = DeepReadonly<proto.EndpointSlice>;
export type Endpoint = DeepReadonly<proto.Endpoint>;
export type Pod = DeepReadonly<proto.Pod>;
export type TrafficTarget = DeepReadonly<proto.TrafficTarget>;
export type HttpRouteGroup = DeepReadonly<proto.HttpRouteGroup>;
export type HttpMatch = DeepReadonly<proto.HttpMatch>;
export type HeaderMatch = DeepReadonly<proto.HeaderMatch>;
export type TcpRoute = DeepReadonly<proto.TcpRoute>;
export type TrafficSplit = DeepReadonly<proto.TrafficSplit>;
export type MeshSettings = DeepReadonly<proto.MeshSettings>;
export type Sidecar = DeepReadonly<proto.Sidecar>;
export type Interception = DeepReadonly<proto.Interception>;
export type Certificate = DeepReadonly<proto.Certificate>;

/** One object of the catalog: `{ $case, value }`, as ts-proto writes a oneof. */
export type CatalogValue = DeepReadonly<NonNullable<proto.CatalogObject['kind']>>;
/** The kind of a catalog object, with which its key begins. */
export type CatalogKind = CatalogValue['$case'];

/** The bus key of a catalog object: kind, namespace, name (the namespace part is empty for cluster-wide objects). */
export function objectKey(object: CatalogValue): string {
  switch (object.$case) {
    case 'meshSettings':
      return encodeKey(['meshSettings', '', '']);
    case 'namespace':
      return encodeKey(['namespace', '', object.value.name]);
    default:
      return encodeKey([object.$case, object.value.namespace, object.value.name]);
  }
}
