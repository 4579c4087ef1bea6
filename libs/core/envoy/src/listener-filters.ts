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

/** A filter that does nothing on connections to these ports; the filter before it must have restored the destination. */
export function exceptOnPorts(filter: ListenerFilter, ports: readonly number[]): ListenerFilter {
  const [only, ...others] = ports.map((port) => ({
    rule: {
      $case: 'destinationPortRange' as const,
      value: { start: port, end: port + 1 },
    },
  }));
  if (only === undefined) return filter;
  return ListenerFilter.fromPartial({
    ...filter,
    filterDisabled:
      others.length === 0
        ? only
        : { rule: { $case: 'orMatch', value: { rules: [only, ...others] } } },
  });
}
