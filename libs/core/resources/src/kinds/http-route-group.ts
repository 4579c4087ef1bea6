import type { HeaderMatch, HttpMatch } from '@osm/model';
import { sortedBy } from '@osm/prelude';
import { object, optional, required, type Fields } from '../fields/object.ts';
import {
  below,
  fail,
  invalid,
  warn,
  type At,
  type Invalid,
  type Parser,
} from '../fields/parser.ts';
import { describe } from '../fields/parser.ts';
import { isMap, list, nonEmptyText, oneOf, text } from '../fields/values.ts';
import type { KindParser } from './kind-parser.ts';
import { fieldsUnderSpec, withSpec } from './metadata.ts';
import { regex, regexCost, regexCostMax } from './regex.ts';

/** Highest cost of all expressions of a group that are compiled (regexCost): half a second of work, or little more. */
const groupCostMax = 100_000;

const methods = [
  'GET',
  'HEAD',
  'PUT',
  'POST',
  'DELETE',
  'CONNECT',
  'OPTIONS',
  'TRACE',
  'PATCH',
  '*',
] as const;

interface Header {
  readonly name: string;
  readonly value: string;
  readonly at: At;
}

/** A list of maps with one key each, or one map: SMI writes the first, OSM reads both into one map. */
const headers: Parser<readonly Header[]> = (value, at) => {
  const maps = Array.isArray(value) ? value : [value];
  const result: Header[] = [];
  let valid = true;
  for (const [index, map] of maps.entries()) {
    const mapAt = Array.isArray(value) ? below(at, index) : at;
    if (!isMap(map)) {
      fail(mapAt, 'wrong_type', `must be a map of name and expression, not ${describe(map)}`);
      valid = false;
      continue;
    }
    for (const [name, expression] of Object.entries(map)) {
      const headerAt = below(mapAt, name);
      const parsed = text(expression, headerAt);
      if (parsed === invalid) valid = false;
      else result.push({ name: name.toLowerCase(), value: parsed, at: headerAt });
    }
  }
  return valid ? result : invalid;
};

const match = {
  name: required(nonEmptyText),
  pathRegex: optional(text, ''),
  methods: optional(list(oneOf(methods)), []),
  headers: optional(headers, []),
};

const shape = withSpec({ matches: required(list(object(match, { strict: true }))) });

/**
 * Named matches of path, methods and headers. A match with an expression that no proxy would take is left out alone. The
 * order of matches has no meaning (docs/ARCHITECTURE.md), so they are sorted by name.
 */
export const parseHttpRouteGroup: KindParser = (raw, { ref, version, at }) => {
  const early = version === 'v1alpha1' || version === 'v1alpha2';
  const parsed = shape(early ? fieldsUnderSpec(raw) : raw, at);
  if (parsed === invalid) return invalid;
  const matchesAt = below(below(at, 'spec'), 'matches');
  if (parsed.spec.matches.length === 0) {
    warn(matchesAt, 'no_matches', 'is empty, so this group selects nothing; add a match');
  }
  const cost = parsed.spec.matches.reduce((sum, item) => sum + costOf(item), 0);
  if (cost > groupCostMax) {
    const text = `have expressions of ${cost} letters (repetitions and classes of Unicode count more), at most ${groupCostMax}; split the group`;
    return fail(matchesAt, 'group_too_large', text);
  }
  const byName = new Map<string, HttpMatch>();
  for (const [index, item] of parsed.spec.matches.entries()) {
    const itemAt = below(matchesAt, index);
    const result = parseMatch(item, itemAt);
    if (result === invalid) continue;
    if (byName.has(item.name)) {
      warn(below(itemAt, 'name'), 'duplicate_name', `repeats ${item.name}; the last one counts`);
    }
    byName.set(item.name, result);
  }
  const matches = sortedBy(byName.values(), (item) => item.name);
  return { $case: 'httpRouteGroup', value: { namespace: ref.namespace, name: ref.name, matches } };
};

function costOf({ pathRegex, headers: list }: Fields<typeof match>): number {
  return [pathRegex, ...list.map(({ value }) => value)]
    .map(regexCost)
    .filter((cost) => cost <= regexCostMax)
    .reduce((sum, cost) => sum + cost, 0);
}

function parseMatch(item: Fields<typeof match>, at: At): HttpMatch | Invalid {
  const path = item.pathRegex === '' ? '' : regex(item.pathRegex, below(at, 'pathRegex'));
  const byName = new Map<string, HeaderMatch>();
  let valid = path !== invalid;
  for (const header of item.headers) {
    const valueRegex = regex(header.value, header.at);
    if (valueRegex === invalid) valid = false;
    else {
      if (byName.has(header.name)) {
        warn(header.at, 'duplicate_name', `repeats header ${header.name}; the last one counts`);
      }
      byName.set(header.name, { name: header.name, valueRegex });
    }
  }
  if (!valid || path === invalid) return invalid;
  return {
    name: item.name,
    pathRegex: path,
    methods: item.methods.includes('*') ? [] : [...new Set(item.methods)].sort(),
    headers: sortedBy(byName.values(), (header) => header.name),
  };
}
