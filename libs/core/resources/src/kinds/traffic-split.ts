import { sortedBy } from '@osm/prelude';
import { maybe, object, required } from '../fields/object.ts';
import { below, describe, fail, invalid, warn, type Parser } from '../fields/parser.ts';
import { anything, integer, list, nonEmptyText } from '../fields/values.ts';
import type { KindParser } from './kind-parser.ts';
import { withSpec } from './metadata.ts';

/** Envoy adds the weights of a cluster list in 32 bits. */
const weightMax = 4_294_967_295;

/** A service's own name: clients' host names are made from it, so no dots. */
const bareName: Parser<string> = (value, at) => {
  const name = nonEmptyText(value, at);
  if (name === invalid || !name.includes('.')) return name;
  return fail(
    at,
    'invalid_value',
    `must be the bare name of a service in this namespace, not ${name}`,
  );
};

/** Weights of v1alpha1 are quantities: 1, "1", 500m. In thousandths, and never rounded to nothing. */
const quantity: Parser<number> = (value, at) => {
  const parts = /^(\d+(?:\.\d+)?)(m?)$/.exec(
    typeof value === 'number' ? `${value}` : `${text(value)}`,
  );
  if (parts === null) {
    return fail(
      at,
      'invalid_value',
      `must be a quantity such as 1 or 500m, not ${describe(value)}`,
    );
  }
  const thousandths = Number(parts[1]) * (parts[2] === 'm' ? 1 : 1000);
  return thousandths > 0 ? Math.max(1, Math.round(thousandths)) : 0;
};

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

const shapeOf = (weight: Parser<number>) =>
  withSpec({
    service: required(bareName),
    backends: required(
      list(object({ service: required(bareName), weight: required(weight) }, { strict: true })),
    ),
    matches: maybe(list(anything)),
  });

const shapeOfQuantities = shapeOf(quantity);
const shape = shapeOf(integer(0, weightMax));

/** Weights of the backends of a root service. Backends named twice are added up; `matches` has no effect. */
export const parseTrafficSplit: KindParser = (raw, { ref, version, at }) => {
  const parsed = (version === 'v1alpha1' ? shapeOfQuantities : shape)(raw, at);
  if (parsed === invalid) return invalid;
  const { service, backends, matches } = parsed.spec;
  const specAt = below(at, 'spec');
  if (matches !== undefined && matches.length > 0) {
    const message =
      'is not supported: all traffic is split. Remove it, or make one service per route';
    warn(below(specAt, 'matches'), 'unsupported_field', message);
  }
  const weights = new Map<string, number>();
  for (const [index, backend] of backends.entries()) {
    const before = weights.get(backend.service);
    if (before !== undefined) {
      const message = `repeats ${backend.service}; the weights are added up`;
      warn(below(below(below(specAt, 'backends'), index), 'service'), 'duplicate_name', message);
    }
    weights.set(backend.service, (before ?? 0) + backend.weight);
  }
  const scale = version === 'v1alpha1' ? scaleOf([...weights.values()]) : 1;
  const scaled = [...weights].map(([name, weight]) => ({ service: name, weight: weight / scale }));
  if (scaled.reduce((sum, item) => sum + item.weight, 0) > weightMax) {
    return fail(
      below(specAt, 'backends'),
      'invalid_value',
      `must not weigh more than ${weightMax} together`,
    );
  }
  return {
    $case: 'trafficSplit',
    value: {
      namespace: ref.namespace,
      name: ref.name,
      service,
      backends: sortedBy(scaled, (item) => item.service),
    },
  };
};

/** Thousandths become whole units where all of them are; otherwise they stay, since only their ratio counts. */
function scaleOf(thousandths: readonly number[]): number {
  return thousandths.every((weight) => weight % 1000 === 0) ? 1000 : 1;
}
