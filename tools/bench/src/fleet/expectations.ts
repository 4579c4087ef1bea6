import { ClusterLoadAssignment, RouteConfiguration, typeUrls } from '@osm/proto-envoy';
import type { ResourceType } from '@osm/proto-envoy/discovery';
import { assertNever } from '@osm/prelude';
import type { Content } from './contents.ts';

/** Content that a change must bring to a proxy. Clusters are named by the part before the port, `<namespace>/<service>`. */
export type Expectation =
  /** A route configuration sends this share to the cluster. */
  | { readonly kind: 'weight'; readonly cluster: string; readonly weight: number }
  /** The cluster's assignment has the address, or has it no longer. */
  | {
      readonly kind: 'endpoint';
      readonly cluster: string;
      readonly address: string;
      readonly present: boolean;
    }
  /** A resource of that type, with this text in its name, was sent, or was removed. */
  | {
      readonly kind: 'resource';
      readonly type: ResourceType;
      readonly name: string;
      readonly present: boolean;
    }
  /** A resource of that type, with this text in its name, was sent, and has another text within, or has not. */
  | {
      readonly kind: 'mention';
      readonly type: ResourceType;
      readonly name: string;
      readonly text: string;
      readonly present: boolean;
    };

/** True when this response holds what is expected. */
export function isMetBy(
  expectation: Expectation,
  response: {
    readonly resources: readonly Content[];
    readonly removed: readonly string[];
    readonly typeUrl: string;
  },
): boolean {
  if (response.typeUrl !== typeUrls[typeOf(expectation)]) return false;
  if (expectation.kind === 'resource' && !expectation.present)
    return response.removed.some((name) => name.includes(expectation.name));
  return response.resources.some((content) => isMetByContent(expectation, content));
}

function typeOf(expectation: Expectation): ResourceType {
  switch (expectation.kind) {
    case 'weight':
      return 'route';
    case 'endpoint':
      return 'endpoint';
    case 'resource':
    case 'mention':
      return expectation.type;
    default:
      return assertNever(expectation);
  }
}

function isMetByContent(expectation: Expectation, content: Content): boolean {
  switch (expectation.kind) {
    case 'weight':
      return weightsIn(content).some(
        ({ cluster, weight }) =>
          cluster.startsWith(`${expectation.cluster}|`) && weight === expectation.weight,
      );
    case 'endpoint':
      return (
        content.name.startsWith(`${expectation.cluster}|`) &&
        addressesIn(content).includes(expectation.address) === expectation.present
      );
    case 'resource':
      return content.name.includes(expectation.name);
    case 'mention':
      return (
        content.name.includes(expectation.name) &&
        Buffer.from(content.body).includes(expectation.text) === expectation.present
      );
    default:
      return assertNever(expectation);
  }
}

/** Equal bytes are one Content object: decoded once for all proxies that hold them. */
function oncePerContent<T>(decode: (content: Content) => T): (content: Content) => T {
  const known = new WeakMap<Content, T>();
  return (content) => {
    const found = known.get(content);
    if (found !== undefined) return found;
    const decoded = decode(content);
    known.set(content, decoded);
    return decoded;
  };
}

const weightsIn = oncePerContent((content) =>
  RouteConfiguration.decode(content.body).virtualHosts.flatMap((host) =>
    host.routes.flatMap((route) => {
      if (route.action?.$case !== 'route') return [];
      const target = route.action.value.clusterSpecifier;
      if (target?.$case === 'cluster') return [{ cluster: target.value, weight: 100 }];
      if (target?.$case !== 'weightedClusters') return [];
      return target.value.clusters.map(({ name, weight }) => ({
        cluster: name,
        weight: weight ?? 0,
      }));
    }),
  ),
);

const addressesIn = oncePerContent((content) =>
  ClusterLoadAssignment.decode(content.body).endpoints.flatMap((locality) =>
    locality.lbEndpoints.flatMap(({ hostIdentifier }) => {
      if (hostIdentifier?.$case !== 'endpoint') return [];
      const address = hostIdentifier.value.address?.address;
      return address?.$case === 'socketAddress' ? [address.value.address] : [];
    }),
  ),
);
