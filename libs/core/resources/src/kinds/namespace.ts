import { Injection } from '@osm/proto-mesh';
import { below, invalid, warn, type At } from '../fields/parser.ts';
import { object } from '../fields/object.ts';
import type { KindParser } from './kind-parser.ts';
import { lookup, metadata } from './metadata.ts';

const monitoredBy = 'openservicemesh.io/monitored-by';
const injectionKey = 'openservicemesh.io/sidecar-injection';
const metricsKey = 'openservicemesh.io/metrics';
const ignoreKey = 'openservicemesh.io/ignore';

const shape = object({ metadata });

/** A namespace of this mesh; others are not in the catalog. */
export const parseNamespace: KindParser = (raw, { ref, scope, at }) => {
  const parsed = shape(raw, at);
  if (parsed === invalid) return invalid;
  const { labels, annotations } = parsed.metadata;
  if (lookup(labels, monitoredBy) !== scope.meshName) return undefined;
  const injectionText = lookup(annotations, injectionKey);
  const injection = parseInjection(injectionText);
  const annotationsAt = below(below(at, 'metadata'), 'annotations');
  if (injection === Injection.INJECTION_INVALID) {
    warnAnnotation(annotationsAt, injectionKey, 'pods in this namespace are refused until it is');
  }
  const metricsText = lookup(annotations, metricsKey) ?? '';
  const metrics = metricsText === '' ? Injection.INJECTION_UNSET : parseInjection(metricsText);
  if (metrics === Injection.INJECTION_INVALID) {
    warnAnnotation(annotationsAt, metricsKey, 'metrics are off until it is');
  }
  return {
    $case: 'namespace',
    value: {
      name: ref.name,
      injection,
      injectionText: injection === Injection.INJECTION_INVALID ? (injectionText ?? '') : '',
      metrics: metrics === Injection.INJECTION_ENABLED,
      ignored: lookup(labels, ignoreKey) !== undefined,
    },
  };
};

function parseInjection(text: string | undefined): Injection {
  if (text === undefined) return Injection.INJECTION_UNSET;
  switch (text.toLowerCase()) {
    case 'enabled':
    case 'yes':
    case 'true':
      return Injection.INJECTION_ENABLED;
    case 'disabled':
    case 'no':
    case 'false':
      return Injection.INJECTION_DISABLED;
    default:
      return Injection.INJECTION_INVALID;
  }
}

function warnAnnotation(at: At, key: string, consequence: string): void {
  warn(at, 'invalid_annotation', `has ${key} that is neither enabled nor disabled; ${consequence}`);
}
