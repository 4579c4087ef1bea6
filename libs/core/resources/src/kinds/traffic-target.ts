import { sortedBy } from '@osm/prelude';
import type { TrafficTarget } from '@osm/model';
import { TrafficTargetRule_Kind } from '@osm/proto-mesh';
import { maybe, object, optional, required, type Fields } from '../fields/object.ts';
import { below, fail, invalid, warn, type At } from '../fields/parser.ts';
import { anything, list, nonEmptyText, text } from '../fields/values.ts';
import type { KindParser } from './kind-parser.ts';
import { fieldsUnderSpec, withSpec } from './metadata.ts';

const strict = { strict: true };

const reference = {
  kind: required(nonEmptyText),
  name: required(nonEmptyText),
  namespace: optional(text, ''),
};

const rule = {
  kind: required(nonEmptyText),
  name: required(nonEmptyText),
  matches: maybe(list(nonEmptyText)),
};

const shape = withSpec({
  destination: required(object(reference, strict)),
  sources: required(list(object(reference, strict))),
  rules: required(list(object(rule, strict))),
});

const shapeV1alpha1 = withSpec({
  destination: required(object({ ...reference, port: maybe(anything) }, strict)),
  sources: required(list(object(reference, strict))),
  specs: required(list(object(rule, strict))),
});

/**
 * A TrafficTarget by the rules of OSM's validating webhook: it lives in its destination's namespace. Sources
 * that can never match are dropped; a target without sources allows nobody (OSM: everybody).
 */
export const parseTrafficTarget: KindParser = (raw, { ref, version, at }) => {
  const old = version === 'v1alpha1';
  const parsed = old ? parseV1alpha1(raw, at) : shape(raw, at);
  if (parsed === invalid) return invalid;
  const { destination, sources, rules } = parsed.spec;
  const specAt = below(at, 'spec');
  const destinationAt = below(specAt, 'destination');
  if (destination.kind !== 'ServiceAccount') {
    return fail(below(destinationAt, 'kind'), 'invalid_value', 'must be ServiceAccount');
  }
  if (destination.namespace !== ref.namespace) {
    const is = destination.namespace === '' ? 'is missing' : `is ${destination.namespace}`;
    const text = `${is}, but must be ${ref.namespace}: a TrafficTarget lives in the namespace of its destination`;
    return fail(below(destinationAt, 'namespace'), 'namespace_mismatch', text);
  }
  const value: TrafficTarget = {
    namespace: ref.namespace,
    name: ref.name,
    destination: { namespace: destination.namespace, name: destination.name },
    sources: parseSources(sources, below(specAt, 'sources')),
    rules: parseRules(rules, below(specAt, old ? 'specs' : 'rules')),
  };
  return { $case: 'trafficTarget', value };
};

// Restricting a port was part of the destination in v1alpha1. To ignore it would open the other ports.
function parseV1alpha1(raw: Readonly<Record<string, unknown>>, at: At) {
  const parsed = shapeV1alpha1(fieldsUnderSpec(raw), at);
  if (parsed === invalid) return invalid;
  const { destination, sources, specs } = parsed.spec;
  if (destination.port !== undefined) {
    return fail(
      below(below(below(at, 'spec'), 'destination'), 'port'),
      'invalid_value',
      'is not supported; name the port in a TCPRoute v1alpha4 and use TrafficTarget v1alpha3',
    );
  }
  return { spec: { destination, sources, rules: specs } };
}

function parseSources(
  sources: readonly Fields<typeof reference>[],
  at: At,
): TrafficTarget['sources'] {
  const usable = new Map<string, { readonly namespace: string; readonly name: string }>();
  for (const [index, { kind, namespace, name }] of sources.entries()) {
    const sourceAt = below(at, index);
    if (kind !== 'ServiceAccount') {
      const message = `is ${kind}, which the mesh cannot identify; the source is left out, use ServiceAccount`;
      warn(below(sourceAt, 'kind'), 'unsupported_reference', message);
    } else if (namespace === '') {
      const message = `is missing, so ${name} never matches and is left out; add the namespace`;
      warn(below(sourceAt, 'namespace'), 'source_without_namespace', message);
    } else usable.set(`${namespace}/${name}`, { namespace, name });
  }
  if (usable.size === 0) {
    warn(at, 'no_sources', 'name no ServiceAccount, so this target allows nobody; add a source');
  }
  return sortedBy(usable.values(), (source) => `${source.namespace}/${source.name}`);
}

const ruleKinds: Readonly<Record<string, TrafficTargetRule_Kind>> = {
  HTTPRouteGroup: TrafficTargetRule_Kind.HTTP_ROUTE_GROUP,
  TCPRoute: TrafficTargetRule_Kind.TCP_ROUTE,
};

function parseRules(rules: readonly Fields<typeof rule>[], at: At): TrafficTarget['rules'] {
  const result = rules.flatMap((item, index) => {
    const kind = ruleKinds[item.kind];
    if (kind === undefined) {
      const message = `is ${item.kind}, which the mesh does not route; the rule is left out, use HTTPRouteGroup or TCPRoute`;
      warn(below(below(at, index), 'kind'), 'unsupported_reference', message);
      return [];
    }
    const matches = [...new Set(item.matches ?? [])].sort();
    return [{ kind, name: item.name, matches, matchesOmitted: item.matches === undefined }];
  });
  return sortedBy(result, (item) => `${item.kind} ${item.name} ${item.matches.join(' ')}`);
}
