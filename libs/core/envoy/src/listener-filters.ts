import { ListenerFilter, OriginalDst, packAny, TlsInspector, type Any } from '@osm/proto-envoy';

/** Restores the address that the client dialled, before iptables redirected it. */
export const originalDst = listenerFilter(
  'original_dst',
  packAny(OriginalDst, OriginalDst.fromPartial({})),
);

/** Looks at the first bytes, without taking them, for SNI and ALPN. */
export const tlsInspector = listenerFilter(
  'tls_inspector',
  packAny(TlsInspector, TlsInspector.fromPartial({})),
);

function listenerFilter(name: string, value: Any): ListenerFilter {
  return ListenerFilter.fromPartial({ name, configType: { $case: 'typedConfig', value } });
}
