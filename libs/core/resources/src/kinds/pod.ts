import { sortedBy } from '@osm/prelude';
import { object, optional, required } from '../fields/object.ts';
import { invalid } from '../fields/parser.ts';
import { list, port, text } from '../fields/values.ts';
import type { KindParser } from './kind-parser.ts';
import { isTrue, lookup, metadata } from './metadata.ts';

const container = object({
  restartPolicy: optional(text, ''),
  ports: optional(
    list(
      object({
        name: optional(text, ''),
        containerPort: required(port),
        protocol: optional(text, 'TCP'),
      }),
    ),
    [],
  ),
});

const shape = object({
  metadata,
  spec: optional(
    object({
      serviceAccountName: optional(text, ''),
      serviceAccount: optional(text, ''),
      containers: optional(list(container), []),
      initContainers: optional(list(container), []),
    }),
    { serviceAccountName: '', serviceAccount: '', containers: [], initContainers: [] },
  ),
  status: optional(object({ phase: optional(text, ''), podIP: optional(text, '') }), {
    phase: '',
    podIP: '',
  }),
});

/** As the injector reads it; what it refuses never gets here with a proxy. */
function isEnabled(text: string | undefined): boolean {
  return ['enabled', 'yes', 'true'].includes(text?.toLowerCase() ?? '');
}

/** A pod with a sidecar, or one whose gRPC speaks xDS itself, that has not finished; others are not in the catalog. */
export const parsePod: KindParser = (raw, { ref, at }) => {
  const parsed = shape(raw, at);
  if (parsed === invalid) return invalid;
  const { metadata: meta, spec, status } = parsed;
  const proxyUuid = lookup(meta.labels, 'osm-proxy-uuid') ?? '';
  if (proxyUuid === '' || status.phase === 'Succeeded' || status.phase === 'Failed')
    return undefined;
  const named = new Map<string, number>();
  // Kubernetes looks up names in containers first, then in native sidecars; the first one counts.
  const sidecars = spec.initContainers.filter((item) => item.restartPolicy === 'Always');
  for (const item of [...spec.containers, ...sidecars].flatMap(({ ports }) => ports)) {
    if (item.name !== '' && item.protocol === 'TCP' && !named.has(item.name)) {
      named.set(item.name, item.containerPort);
    }
  }
  return {
    $case: 'pod',
    value: {
      namespace: ref.namespace,
      name: ref.name,
      proxyUuid,
      serviceAccount: spec.serviceAccountName || spec.serviceAccount || 'default',
      ip: status.podIP,
      labels: meta.labels,
      namedPorts: sortedBy(
        [...named].map(([name, number]) => ({ name, port: number })),
        (item) => item.name,
      ),
      scrape: isTrue(lookup(meta.annotations, 'prometheus.io/scrape')),
      proxyless: isEnabled(lookup(meta.annotations, 'openservicemesh.io/proxyless-grpc')),
      uid: meta.uid,
    },
  };
};
