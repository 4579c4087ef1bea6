import type { Endpoint } from '@osm/model';
import { sortedBy } from '@osm/prelude';
import { object, optional, required } from '../fields/object.ts';
import { invalid } from '../fields/parser.ts';
import { bool, list, oneOf, port, text } from '../fields/values.ts';
import type { KindParser } from './kind-parser.ts';
import { lookup, metadata } from './metadata.ts';

const endpoint = object({
  addresses: required(list(text)),
  conditions: optional(object({ ready: optional(bool, true) }), { ready: true }),
  hostname: optional(text, ''),
  targetRef: optional(object({ kind: optional(text, ''), name: optional(text, '') }), {
    kind: '',
    name: '',
  }),
});

const slicePort = object({
  name: optional(text, ''),
  port: optional(port, 0),
  protocol: optional(text, 'TCP'),
});

const shape = object({
  metadata,
  addressType: required(oneOf(['IPv4', 'IPv6', 'FQDN'])),
  endpoints: optional(list(endpoint), []),
  ports: optional(list(slicePort), []),
});

/** Ready addresses of a service (discovery.k8s.io/v1). OSM read Endpoints, where the ready ones are `addresses`. */
export const parseEndpointSlice: KindParser = (raw, { ref, at }) => {
  const parsed = shape(raw, at);
  if (parsed === invalid) return invalid;
  const service = lookup(parsed.metadata.labels, 'kubernetes.io/service-name');
  if (service === undefined || service === '' || parsed.addressType === 'FQDN') return undefined;
  const ports = parsed.ports
    .filter((item) => item.protocol === 'TCP' && item.port !== 0)
    .map((item) => ({ name: item.name, port: item.port }));
  const endpoints = parsed.endpoints
    .filter((item) => item.conditions.ready)
    .flatMap((item) =>
      item.addresses.map((ip): Endpoint => ({
        ip,
        hostname: item.hostname,
        pod: item.targetRef.kind === 'Pod' ? item.targetRef.name : '',
      })),
    );
  return {
    $case: 'endpointSlice',
    value: {
      namespace: ref.namespace,
      name: ref.name,
      service,
      ports: sortedBy(ports, (item) => `${item.name} ${item.port}`),
      endpoints: sortedBy(endpoints, (item) => `${item.ip} ${item.pod}`),
    },
  };
};
