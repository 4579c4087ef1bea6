import { isObject, type JsonObject } from '../cluster/json.ts';
import type { Playground } from '../playground.ts';
import { podOf } from './requests.ts';

/** What the programs of the demo say of themselves at /raw. */
export interface Counters {
  readonly bookbuyer: JsonObject;
  readonly bookthief: JsonObject;
  readonly bookwarehouse: JsonObject;
}

/** Asks the programs, from inside their pods. A pod that does not answer has no counters. */
export async function readCounters(playground: Playground): Promise<Counters> {
  const read = async (reference: string): Promise<JsonObject> => {
    try {
      const pid = podOf(playground, reference).instance?.pid ?? 0;
      const { body } = await playground.dialer.http(pid, {
        port: 14001,
        path: '/raw',
        timeoutMs: 1000,
      });
      const value: unknown = JSON.parse(body);
      return isObject(value) ? value : {};
    } catch {
      return {};
    }
  };
  const [bookbuyer, bookthief, bookwarehouse] = await Promise.all(
    ['bookbuyer/bookbuyer', 'bookthief/bookthief', 'bookwarehouse/bookwarehouse'].map(read),
  );
  return {
    bookbuyer: bookbuyer ?? {},
    bookthief: bookthief ?? {},
    bookwarehouse: bookwarehouse ?? {},
  };
}

/** The table of who buys how much from which version. */
export function counterTable(counters: Counters): string[] {
  const cell = (value: unknown, width: number): string =>
    (typeof value === 'number' || typeof value === 'string' ? `${value}` : '0').padStart(width);
  const buyer = (name: 'bookbuyer' | 'bookthief'): string => {
    const bought = inside(counters[name], 'bought');
    const last = inside(counters[name], 'last')['bookstore'];
    return `  ${name.padEnd(12)}${cell(bought['bookstore-v1'], 14)}${cell(bought['bookstore-v2'], 14)}${cell(counters[name]['refused'], 10)}${cell(last ?? '-', 14)}`;
  };
  const loot = inside(counters.bookthief, 'last')['bookwarehouse'];
  const text = (value: unknown): string =>
    typeof value === 'number' || typeof value === 'string' ? `${value}` : '0';
  return [
    `  ${'books from'.padEnd(12)}${'bookstore-v1'.padStart(14)}${'bookstore-v2'.padStart(14)}${'refused'.padStart(10)}${'last answer'.padStart(14)}`,
    buyer('bookbuyer'),
    buyer('bookthief'),
    `  the thief at the warehouse: ${text(counters.bookthief['stolen'])} stolen, last answer ${text(loot ?? '-')}`,
    `  the warehouse: ${text(counters.bookwarehouse['restocked'])} restocked, ${text(counters.bookwarehouse['stored'])} in the database`,
  ];
}

function inside(value: JsonObject, key: string): JsonObject {
  const inner = value[key];
  return isObject(inner) ? inner : {};
}
