import { deepEqual } from '@osm/incremental';
import { hashHex, sortedBy } from '@osm/prelude';
import {
  Cluster,
  ClusterLoadAssignment,
  Listener,
  RouteConfiguration,
  typeUrls,
} from '@osm/proto-envoy';
import type { Bundle, Resource } from '@osm/proto-mesh';
import { factsOf, type Facts } from './facts.ts';

/** A resource as a message, not encoded yet. */
export type ResourceMessage =
  | { readonly type: 'cluster'; readonly message: Cluster }
  | { readonly type: 'endpoint'; readonly message: ClusterLoadAssignment }
  | { readonly type: 'listener'; readonly message: Listener }
  | { readonly type: 'route'; readonly message: RouteConfiguration };

/**
 * One resource of a unit, not made yet: `from` is all that it depends on. Equal `from`, equal bytes: so a part whose `from` did
 * not change since the last emit is taken over without making or encoding anything.
 */
export interface Part {
  readonly type: ResourceMessage['type'];
  readonly name: string;
  readonly from: unknown;
  readonly make: () => ResourceMessage;
}

interface EncodedPart {
  readonly part: Part;
  readonly resource: Resource;
  readonly facts: Facts;
}

/** A unit as Envoy resources, and what the next emit of the same unit can take over. */
export interface Emitted {
  readonly bundle: Bundle;
  /** Resources that had to be encoded, not taken over from the previous emit. */
  readonly encoded: number;
  readonly parts: readonly EncodedPart[];
}

/** Makes the bundle of a unit. `previous` is the last result for the same unit, if there is one. */
export function assemble(
  parts: readonly Part[],
  includes: readonly string[],
  previous: Emitted | undefined,
): Emitted {
  const taken = sortedBy(parts, (part) => `${part.type} ${part.name}`).map((part) => ({
    part,
    last: previous?.parts.find((last) => isSame(last.part, part)),
  }));
  const encodedParts = taken.map(({ part, last }) => last ?? encode(part));
  return {
    bundle: { resources: encodedParts.map((part) => part.resource), includes: [...includes] },
    encoded: taken.filter(({ last }) => last === undefined).length,
    parts: encodedParts,
  };
}

function isSame(last: Part, part: Part): boolean {
  return last.type === part.type && last.name === part.name && deepEqual(last.from, part.from);
}

function encode(part: Part): EncodedPart {
  const made = part.make();
  const body = encodeMessage(made);
  const resource: Resource = {
    typeUrl: typeUrls[part.type],
    name: part.name,
    version: hashHex(body),
    // The generated type says Buffer; writing takes any byte array.
    body: body as Resource['body'],
  };
  return { part, resource, facts: factsOf(made) };
}

function encodeMessage(made: ResourceMessage): Uint8Array {
  switch (made.type) {
    case 'cluster':
      return Cluster.encode(made.message).finish();
    case 'endpoint':
      return ClusterLoadAssignment.encode(made.message).finish();
    case 'listener':
      return Listener.encode(made.message).finish();
    case 'route':
      return RouteConfiguration.encode(made.message).finish();
  }
}
