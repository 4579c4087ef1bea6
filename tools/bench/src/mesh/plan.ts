import type { Random } from '@osm/prelude';
import { createSeededRandom, nextBelow, shuffled } from './seeded-random.ts';

/** What a mesh should look like. */
export interface MeshShape {
  readonly services: number;
  /** Pods per service. */
  readonly replicas: number;
  /** How many services may call each service. */
  readonly callers: number;
  readonly seed: number;
  readonly mode: 'smi' | 'permissive';
}

export interface PodPlan {
  readonly name: string;
  readonly ip: string;
  readonly uuid: string;
}

/** One service with its own service account of the same name. Callers are indexes of services. */
export interface ServicePlan {
  readonly index: number;
  readonly namespace: string;
  readonly name: string;
  readonly clusterIp: string;
  readonly pods: readonly PodPlan[];
  readonly callers: readonly number[];
  /** Name of the split that this service is a backend of. */
  readonly split: string | undefined;
}

/** A TrafficSplit: a root service of its own, and two backends with the same callers. */
export interface SplitPlan {
  readonly namespace: string;
  readonly name: string;
  readonly clusterIp: string;
  readonly backends: readonly [number, number];
}

/** The whole mesh as indexes and names, before any Kubernetes object is written. */
export interface MeshPlan {
  readonly mode: MeshShape['mode'];
  readonly namespaces: readonly string[];
  readonly services: readonly ServicePlan[];
  readonly splits: readonly SplitPlan[];
  /** The service that everybody may call: a change to it touches every proxy. */
  readonly hub: number;
}

/** Port of every service, and where its pods listen. */
export const servicePort = 80;
export const targetPort = 8080;

const namespacesMax = 10;
const splitsMax = 20;

/**
 * Draws a mesh: services in a few namespaces, each callable by `callers` others and each calling as many, the hub apart,
 * which everybody calls. The same shape gives the same mesh.
 */
export function planMesh(shape: MeshShape): MeshPlan {
  const random = createSeededRandom(shape.seed);
  const count = shape.services;
  const namespaceCount = Math.max(1, Math.min(namespacesMax, Math.floor(count / 4)));
  const namespaces = Array.from({ length: namespaceCount }, (_, index) => `bench-${index}`);
  const hub = 0;
  const pairs = planPairs(count, namespaceCount);
  const callers = planCallers(shape, random);
  callers[hub] = without(range(count), hub);
  const splitOf = new Map<number, string>();
  const splits = pairs.map(([first, second], index): SplitPlan => {
    const name = `split-${index}`;
    splitOf.set(first, name).set(second, name);
    callers[second] = (callers[first] ?? []).map((caller) => (caller === second ? first : caller));
    return {
      namespace: namespaces[first % namespaceCount] ?? '',
      name,
      clusterIp: address(10, 97, index),
      backends: [first, second],
    };
  });
  const services = range(count).map((index): ServicePlan => ({
    index,
    namespace: namespaces[index % namespaceCount] ?? '',
    name: `service-${index}`,
    clusterIp: address(10, 96, index),
    pods: range(shape.replicas).map((replica) => ({
      name: `service-${index}-${replica}`,
      ip: address(10, 244, index * shape.replicas + replica),
      uuid: uuid(random),
    })),
    callers: [...(callers[index] ?? [])].sort((a, b) => a - b),
    split: splitOf.get(index),
  }));
  return { mode: shape.mode, namespaces, services, splits, hub };
}

/** Neighbours of one namespace, from the second row of services on, so that plain services remain. */
function planPairs(count: number, namespaceCount: number): readonly (readonly [number, number])[] {
  const pairs: (readonly [number, number])[] = [];
  const rows = Math.floor(count / namespaceCount);
  for (let row = 2; row + 1 < rows; row += 2)
    for (let column = 0; column < namespaceCount && pairs.length < splitsMax; column += 1)
      pairs.push([row * namespaceCount + column, (row + 1) * namespaceCount + column]);
  return pairs;
}

/** Everybody stands in a shuffled ring and may be called by those at a few fixed distances: in- and out-degree are equal. */
function planCallers(shape: MeshShape, random: Random): number[][] {
  const count = shape.services;
  const ring = shuffled(range(count), random);
  const distances = new Set<number>();
  while (distances.size < Math.min(shape.callers, count - 1))
    distances.add(1 + nextBelow(random, count - 1));
  const callers: number[][] = range(count).map(() => []);
  ring.forEach((service, place) => {
    callers[service] = [...distances].map((distance) => ring[(place + distance) % count] ?? 0);
  });
  return callers;
}

function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}

function without(values: readonly number[], value: number): number[] {
  return values.filter((other) => other !== value);
}

/** The n-th usable address of a /12 or so: a.b.x.y with y in 1..250. */
function address(a: number, b: number, n: number): string {
  const block = Math.floor(n / 250);
  return `${a}.${b + Math.floor(block / 256)}.${block % 256}.${(n % 250) + 1}`;
}

function uuid(random: Random): string {
  const hex = (digits: number): string =>
    range(digits)
      .map(() => nextBelow(random, 16).toString(16))
      .join('');
  return `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(12)}`;
}
