import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';
import { until } from '../../src/waiting.ts';
import type { ControlPlane } from './control-plane.ts';

/** What the proxies were told since a moment. */
export interface Heard {
  /** `<type> <name>` of everything that was taken from a proxy. */
  readonly removals: () => readonly string[];
  /** What lets late call shop: what late's proxy got for it, or what shop's own proxy was told of late. */
  readonly grants: () => readonly string[];
  /** Waits until every proxy has exactly what it had at that moment. */
  readonly same: () => Promise<void>;
}

export function listenTo({ shop, buyer, late }: ControlPlane['proxies']): Heard {
  const all = [shop, buyer, late].map((proxy) => {
    const start = proxy.recorded.length;
    return { holds: proxy.holds, said: () => proxy.recorded.slice(start) };
  });
  const wanted = all.map(({ holds }) => holds());
  const [ofShop, , ofLate] = all;
  const title = ({ type, name }: { type: string; name: string }): string => `${type} ${name}`;
  return {
    removals: () =>
      all.flatMap(({ said }) =>
        said()
          .filter(({ kind }) => kind === 'remove')
          .map(title),
      ),
    grants: () => [
      ...(ofLate?.said() ?? [])
        .filter(({ kind, name }) => kind === 'put' && name.includes('bare/shop'))
        .map(title),
      ...(ofShop?.said() ?? [])
        .filter(({ name, body }) => /inbound/.test(name) && body.includes('late.bare'))
        .map(title),
    ],
    same: async () => {
      const now = (): unknown => all.map(({ holds }) => holds());
      await until('all is as it was', 10_000, () => isDeepStrictEqual(now(), wanted)).catch(() => {
        expect(now()).toEqual(wanted);
      });
    },
  };
}
