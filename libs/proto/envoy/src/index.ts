// @osm/proto-envoy: Envoy v3 messages, generated from the protos in @grpc/grpc-js-xds; this file is the surface that we use.
//
//   proto/envoy.roots ──npm run generate──> src/gen ──> this list ──> packAny, messageToJson, typeUrls
//
// Invariants: generated code is imported through this package's entries only. The discovery messages and secrets have entries of their
// own, @osm/proto-envoy/discovery and /secret, so that a service that only moves bytes loads nothing else.
export { Any } from './gen/google/protobuf/any.ts';
export { Bootstrap } from './gen/envoy/config/bootstrap/v3/bootstrap.ts';
export { Listener } from './gen/envoy/config/listener/v3/listener.ts';
export { FilterChain, ListenerFilter } from './gen/envoy/config/listener/v3/listener_components.ts';
export { RouteConfiguration } from './gen/envoy/config/route/v3/route.ts';
export {
  HeaderMatcher,
  Route,
  RouteMatch,
  VirtualHost,
} from './gen/envoy/config/route/v3/route_components.ts';
export {
  Cluster,
  Cluster_DiscoveryType,
  Cluster_LbPolicy,
} from './gen/envoy/config/cluster/v3/cluster.ts';
export { CircuitBreakers } from './gen/envoy/config/cluster/v3/circuit_breaker.ts';
export { ClusterLoadAssignment } from './gen/envoy/config/endpoint/v3/endpoint.ts';
export { Address } from './gen/envoy/config/core/v3/address.ts';
export { SocketOption } from './gen/envoy/config/core/v3/socket_option.ts';
export { TrafficDirection, TransportSocket } from './gen/envoy/config/core/v3/base.ts';
export { ApiVersion, ConfigSource } from './gen/envoy/config/core/v3/config_source.ts';
export { AccessLog } from './gen/envoy/config/accesslog/v3/accesslog.ts';
export { Permission, Policy, Principal, RBAC } from './gen/envoy/config/rbac/v3/rbac.ts';
export { StdoutAccessLog } from './gen/envoy/extensions/access_loggers/stream/v3/stream.ts';
export {
  RBAC as HttpRbac,
  RBACPerRoute as HttpRbacPerRoute,
} from './gen/envoy/extensions/filters/http/rbac/v3/rbac.ts';
export { Router } from './gen/envoy/extensions/filters/http/router/v3/router.ts';
export { OriginalDst } from './gen/envoy/extensions/filters/listener/original_dst/v3/original_dst.ts';
export { TlsInspector } from './gen/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector.ts';
export { HttpConnectionManager } from './gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.ts';
export { RBAC as NetworkRbac } from './gen/envoy/extensions/filters/network/rbac/v3/rbac.ts';
export { Config as SetFilterState } from './gen/envoy/extensions/filters/network/set_filter_state/v3/set_filter_state.ts';
export { TcpProxy } from './gen/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy.ts';
export {
  CertificateValidationContext,
  SubjectAltNameMatcher_SanType,
  TlsParameters,
  TlsParameters_TlsProtocol,
} from './gen/envoy/extensions/transport_sockets/tls/v3/common.ts';
export { Secret } from './gen/envoy/extensions/transport_sockets/tls/v3/secret.ts';
export {
  CommonTlsContext,
  DownstreamTlsContext,
  UpstreamTlsContext,
} from './gen/envoy/extensions/transport_sockets/tls/v3/tls.ts';
export { HttpProtocolOptions } from './gen/envoy/extensions/upstreams/http/v3/http_protocol_options.ts';
export { packAny, type AnyMessage } from './pack-any.ts';
export { messageToJson } from './any-types.ts';
export { typeUrls, type ResourceType } from './type-urls.ts';
