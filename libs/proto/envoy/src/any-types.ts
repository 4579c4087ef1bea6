import { HttpConnectionManager } from './gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.ts';
import { StdoutAccessLog } from './gen/envoy/extensions/access_loggers/stream/v3/stream.ts';
import {
  RBAC as HttpRbac,
  RBACPerRoute,
} from './gen/envoy/extensions/filters/http/rbac/v3/rbac.ts';
import { Router } from './gen/envoy/extensions/filters/http/router/v3/router.ts';
import { OriginalDst } from './gen/envoy/extensions/filters/listener/original_dst/v3/original_dst.ts';
import { TlsInspector } from './gen/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector.ts';
import { RBAC as NetworkRbac } from './gen/envoy/extensions/filters/network/rbac/v3/rbac.ts';
import { Config as SetFilterState } from './gen/envoy/extensions/filters/network/set_filter_state/v3/set_filter_state.ts';
import { TcpProxy } from './gen/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy.ts';
import {
  DownstreamTlsContext,
  UpstreamTlsContext,
} from './gen/envoy/extensions/transport_sockets/tls/v3/tls.ts';
import { HttpProtocolOptions } from './gen/envoy/extensions/upstreams/http/v3/http_protocol_options.ts';
import { Cluster } from './gen/envoy/config/cluster/v3/cluster.ts';
import { ClusterLoadAssignment } from './gen/envoy/config/endpoint/v3/endpoint.ts';
import { Listener } from './gen/envoy/config/listener/v3/listener.ts';
import { RouteConfiguration } from './gen/envoy/config/route/v3/route.ts';
import { Secret } from './gen/envoy/extensions/transport_sockets/tls/v3/secret.ts';

interface ReadableMessage<T> {
  readonly $type: string;
  readonly decode: (bytes: Uint8Array) => T;
  readonly toJSON: (message: T) => unknown;
}

function reader<T>(type: ReadableMessage<T>): readonly [string, (bytes: Uint8Array) => unknown] {
  return [`type.googleapis.com/${type.$type}`, (bytes) => type.toJSON(type.decode(bytes))];
}

const readers: ReadonlyMap<string, (bytes: Uint8Array) => unknown> = new Map([
  reader(Cluster),
  reader(ClusterLoadAssignment),
  reader(DownstreamTlsContext),
  reader(HttpConnectionManager),
  reader(HttpProtocolOptions),
  reader(HttpRbac),
  reader(Listener),
  reader(NetworkRbac),
  reader(OriginalDst),
  reader(RBACPerRoute),
  reader(RouteConfiguration),
  reader(Router),
  reader(Secret),
  reader(SetFilterState),
  reader(StdoutAccessLog),
  reader(TcpProxy),
  reader(TlsInspector),
  reader(UpstreamTlsContext),
]);

/**
 * A message of ours as JSON for people and tests: every Any inside is opened (`@type` and the fields, as proto3 JSON has it), keys in
 * the message's order. Fails on a type that this package does not use: add it to the list.
 */
export function messageToJson(typeUrl: string, bytes: Uint8Array): unknown {
  const read = readers.get(typeUrl);
  if (read === undefined) throw new Error(`no reader for ${typeUrl}: add it to any-types.ts`);
  return openAnys(read(bytes));
}

function openAnys(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(openAnys);
  if (typeof json !== 'object' || json === null) return json;
  const { typeUrl, value } = json as { readonly typeUrl?: unknown; readonly value?: unknown };
  if (typeof typeUrl === 'string' && typeUrl.startsWith('type.googleapis.com/')) {
    const bytes = Uint8Array.from(atob(typeof value === 'string' ? value : ''), (char) =>
      char.charCodeAt(0),
    );
    return { '@type': typeUrl, ...(messageToJson(typeUrl, bytes) as object) };
  }
  return Object.fromEntries(Object.entries(json).map(([key, inner]) => [key, openAnys(inner)]));
}
