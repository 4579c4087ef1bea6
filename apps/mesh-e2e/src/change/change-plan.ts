import type { Random } from '@osm/prelude';
import {
  endpointSlice,
  harmlessMeshConfig,
  routeGroup,
  service,
  trafficSplit,
  trafficTarget,
  type EndpointAddress,
  type Manifest,
} from './manifests.ts';

/** One change of the directory: a file gets this text, or goes. */
export interface Edit {
  readonly file: string;
  readonly text?: string;
  /** The pod that this edit takes out of the service pool. */
  readonly removes?: EndpointAddress;
}

/** Files whose comings and goings are measured. */
export const watched = {
  /** All that the visitor may do at steady. */
  whole: 'visitor-steady.yaml',
  /** One path at pool-b; another remains allowed, so the client's connections stay open. */
  path: 'visitor-private.yaml',
  /** TCP at pool-a, behind one service with pool-b. Goes once. */
  tcp: 'visitor-tcp-a.yaml',
  /** Endpoints of the service pool. */
  pool: 'pool-endpoints.yaml',
} as const;

const targets: Readonly<Record<string, Manifest>> = {
  [watched.whole]: trafficTarget('visitor-steady', {
    to: 'steady',
    from: ['visitor'],
    routes: { group: 'paths', match: 'any' },
  }),
  [watched.path]: trafficTarget('visitor-private', {
    to: 'pool-b',
    from: ['visitor'],
    routes: { group: 'paths', match: 'private' },
  }),
  [watched.tcp]: trafficTarget('visitor-tcp-a', { to: 'pool-a', from: ['visitor'], routes: 'tcp' }),
};

/** What the directory holds before the first edit; the endpoints come when the pods have addresses. */
export function initialFiles(): readonly Edit[] {
  return [
    ...Object.entries(targets).map(([file, manifest]) => put(file, manifest)),
    put(
      'pool.yaml',
      service('pool', { ip: '192.0.2.1', selector: { pool: 'all' }, protocol: 'http' }),
    ),
    put('split.yaml', trafficSplit('split', { 'pool-a': 50, 'pool-b': 50 })),
  ];
}

/** All pods behind the service pool. */
export function poolFile(pods: readonly EndpointAddress[]): Edit {
  return put(watched.pool, endpointSlice('pool', pods));
}

/**
 * Random edits, the same for the same seed. Every tenth switches an access, or an endpoint: off and on in turn, so that each is off for
 * ten edits. The others are noise around them: policy of accounts that have no pods, more services on the pods that are
 * in use, routes, weights.
 */
export function planEdits(options: {
  readonly count: number;
  readonly random: Random;
  readonly pods: readonly EndpointAddress[];
}): readonly Edit[] {
  const { count, random, pods } = options;
  return Array.from({ length: count }, (_, index): Edit => {
    const isOff = Math.floor(index / 10) % 2 === 0;
    switch (index % 10) {
      case 0:
        return isOff ? { file: watched.whole } : targetFile(watched.whole);
      case 3:
        return isOff ? { file: watched.path } : targetFile(watched.path);
      case 6: {
        const gone = pick(random, pods);
        return isOff
          ? { ...poolFile(pods.filter((pod) => pod !== gone)), removes: gone }
          : poolFile(pods);
      }
      default:
        return index === Math.floor(count / 10) + 1 ? { file: watched.tcp } : noise(random, pods);
    }
  });
}

function targetFile(file: string): Edit {
  const manifest = targets[file];
  if (manifest === undefined) throw new Error(`no target in ${file}`);
  return put(file, manifest);
}

const ghosts = ['ghost-1', 'ghost-2', 'ghost-3', 'ghost-4'] as const;
const servers = ['steady', 'pool-a', 'pool-b'] as const;

function noise(random: Random, pods: readonly EndpointAddress[]): Edit {
  const number = below(random, 12);
  const destination = pick(random, [...servers, ...ghosts]);
  const from = ghosts.filter(() => random.next() < 0.5);
  const isGone = random.next() < 0.3;
  const putOrRemove = (file: string, manifest: Manifest): Edit =>
    isGone ? { file } : put(file, manifest);
  switch (pick(random, ['http', 'tcp', 'routes', 'split', 'service', 'endpoints', 'config'])) {
    case 'http':
      return putOrRemove(
        `noise-http-${number}.yaml`,
        trafficTarget(`noise-http-${number}`, {
          to: destination,
          from,
          routes: { group: `noise-${below(random, 4)}`, match: 'match' },
        }),
      );
    case 'tcp':
      return putOrRemove(
        `noise-tcp-${number}.yaml`,
        trafficTarget(`noise-tcp-${number}`, { to: destination, from, routes: 'tcp' }),
      );
    case 'routes':
      return put(
        `noise-routes-${number % 4}.yaml`,
        routeGroup(`noise-${number % 4}`, `/noise/${below(random, 1000)}/.*`, ['GET', 'POST']),
      );
    case 'split': {
      const weight = below(random, 101);
      return put('split.yaml', trafficSplit('split', { 'pool-a': weight, 'pool-b': 100 - weight }));
    }
    case 'service':
      return putOrRemove(
        `noise-service-${number}.yaml`,
        service(`noise-${number}`, {
          ip: `198.51.100.${number + 1}`,
          selector: pick(random, [{ app: 'steady' }, { pool: 'all' }, { app: 'ghost' }]),
          protocol: pick(random, ['http', 'tcp']),
        }),
      );
    case 'endpoints':
      return putOrRemove(
        `noise-endpoints-${number}.yaml`,
        endpointSlice(`noise-${number}`, [
          ...pods.filter(() => random.next() < 0.5),
          { ip: `203.0.113.${below(random, 200) + 1}` },
        ]),
      );
    default:
      return put(
        'mesh-config.yaml',
        harmlessMeshConfig(pick(random, ['error', 'warn']), `${below(random, 900) + 100}m`),
      );
  }
}

function put(file: string, manifest: Manifest): Edit {
  return { file, text: `${JSON.stringify(manifest)}\n` };
}

function below(random: Random, limit: number): number {
  return Math.floor(random.next() * limit);
}

function pick<T>(random: Random, items: readonly T[]): T {
  const item = items[below(random, items.length)];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
}
