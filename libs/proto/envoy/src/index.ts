// Envoy v3 messages, generated from the protos in @grpc/grpc-js-xds; this file is the surface that we use.
// The discovery messages have their own entry, so that a service that only moves bytes loads nothing else: @osm/proto-envoy/discovery
export { Any } from './gen/google/protobuf/any.ts';
export { Duration } from './gen/google/protobuf/duration.ts';
export { Bootstrap } from './gen/envoy/config/bootstrap/v3/bootstrap.ts';
export { Listener } from './gen/envoy/config/listener/v3/listener.ts';
export { RouteConfiguration } from './gen/envoy/config/route/v3/route.ts';
export { Cluster } from './gen/envoy/config/cluster/v3/cluster.ts';
export { ClusterLoadAssignment } from './gen/envoy/config/endpoint/v3/endpoint.ts';
export { Secret } from './gen/envoy/extensions/transport_sockets/tls/v3/secret.ts';
export { typeUrls, type ResourceType } from './type-urls.ts';
