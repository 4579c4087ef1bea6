import { err, ok, type Result } from '@osm/prelude';

/** The address plan of one playground: a /16 of its own, half for pods, half for services, the end for the link to the host. */
export interface AddressPlan {
  /** The /16 as `a.b.0.0/16`; the host routes it to the playground's node. */
  readonly range: string;
  /** The part of the range that service addresses come from. */
  readonly serviceRange: string;
  /** The host's end of the link; the services listen here for pods. */
  readonly hostAddress: string;
  readonly nodeAddress: string;
  /** Name of the host's end of the link: one per range, so that creating it reserves the range. */
  readonly link: string;
  readonly podAddress: (index: number) => string;
  readonly serviceAddress: (index: number) => string;
}

/** Where every pod sends everything; each pod's link has it on the node's end (as Calico does). */
export const gatewayAddress = '169.254.1.1';

const halfSize = 1 << 15;

/** The plan for `a.b.0.0/16`. */
export function planAddresses(a: number, b: number): AddressPlan {
  const address = (offset: number): string => `${a}.${b}.${offset >> 8}.${offset & 255}`;
  return {
    range: `${a}.${b}.0.0/16`,
    serviceRange: `${a}.${b}.128.0/18`,
    hostAddress: `${a}.${b}.255.254`,
    nodeAddress: `${a}.${b}.255.253`,
    link: `osm-${a}-${b}`,
    podAddress: (index) => address(256 + (index % (halfSize - 512))),
    serviceAddress: (index) => address(halfSize + 256 + (index % (halfSize / 2 - 512))),
  };
}

/** Ranges in the order in which they are tried; those that overlap something the machine has a route to come last. */
export function candidatePlans(takenRanges: readonly string[]): AddressPlan[] {
  const plans = [
    ...Array.from({ length: 64 }, (_, i) => planAddresses(10, 64 + i)),
    ...Array.from({ length: 12 }, (_, i) => planAddresses(172, 20 + i)),
  ];
  const taken = takenRanges.flatMap((text) => {
    const range = parseRange(text);
    return range.kind === 'ok' ? [range.value] : [];
  });
  const isFree = (plan: AddressPlan): boolean => {
    const range = parseRange(plan.range);
    return range.kind === 'ok' && !taken.some((other) => overlaps(range.value, other));
  };
  return [...plans.filter(isFree), ...plans.filter((plan) => !isFree(plan))];
}

interface Range {
  readonly first: number;
  readonly last: number;
}

/** Reads `a.b.c.d/n` or `a.b.c.d`. */
export function parseRange(text: string): Result<Range, string> {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:\/(\d{1,2}))?$/.exec(text);
  const numbers = match?.slice(1, 5).map(Number) ?? [];
  const bits = Number(match?.[5] ?? 32);
  if (numbers.length !== 4 || numbers.some((n) => n > 255) || bits > 32) {
    return err(`not an IPv4 range: ${text}`);
  }
  const value = numbers.reduce((sum, n) => sum * 256 + n, 0);
  const size = 2 ** (32 - bits);
  const first = Math.floor(value / size) * size;
  return ok({ first, last: first + size - 1 });
}

function overlaps(a: Range, b: Range): boolean {
  return a.first <= b.last && b.first <= a.last;
}
