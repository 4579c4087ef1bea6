import { DeltaDiscoveryRequest } from '@osm/proto-envoy/discovery';
import type { ProxyIdentity } from './messages.ts';
import type { ProxyRequest } from './warming.ts';

/** Encodes a proxy's request; the node goes with the first request of a stream. */
export type RequestEncoder = (request: ProxyRequest, node?: ProxyIdentity) => Uint8Array;

/** Encodes requests of a whole fleet: a name that many proxies ask for is encoded once. */
export function createRequestEncoder(): RequestEncoder {
  const typeUrls = new Map<string, Uint8Array>();
  const subscribes = new Map<string, Uint8Array>();
  const unsubscribes = new Map<string, Uint8Array>();
  return (request, node) => {
    // A message is its fields one after another, in any order: parts may be joined.
    const parts = [
      cached(typeUrls, request.typeUrl, () => encode({ typeUrl: request.typeUrl })),
      ...(request.nonce === undefined ? [] : [encodeNonce(request.nonce)]),
      ...(node === undefined ? [] : [encode({ node: nodeOf(node) })]),
      ...(request.initialVersions === undefined
        ? []
        : [encode({ initialResourceVersions: request.initialVersions })]),
      ...request.subscribe.map((name) =>
        cached(subscribes, name, () => encode({ resourceNamesSubscribe: [name] })),
      ),
      ...request.unsubscribe.map((name) =>
        cached(unsubscribes, name, () => encode({ resourceNamesUnsubscribe: [name] })),
      ),
    ];
    return Buffer.concat(parts);
  };
}

const nonceTag = 0x32;

/** Field 6. Written by hand: it is in every acknowledgement, and never the same. */
function encodeNonce(nonce: string): Uint8Array {
  const length = Buffer.byteLength(nonce);
  if (length > 127) return encode({ responseNonce: nonce });
  const bytes = Buffer.allocUnsafe(2 + length);
  bytes[0] = nonceTag;
  bytes[1] = length;
  bytes.write(nonce, 2);
  return bytes;
}

function encode(part: Parameters<typeof DeltaDiscoveryRequest.fromPartial>[0]): Uint8Array {
  return DeltaDiscoveryRequest.encode(DeltaDiscoveryRequest.fromPartial(part)).finish();
}

function cached(known: Map<string, Uint8Array>, name: string, make: () => Uint8Array): Uint8Array {
  const found = known.get(name);
  if (found !== undefined) return found;
  const made = make();
  known.set(name, made);
  return made;
}

/** As in the injected bootstrap: the proxy's uuid, and `<service account>.<namespace>`. */
function nodeOf(identity: ProxyIdentity): { readonly id: string; readonly cluster: string } {
  return { id: identity.uuid, cluster: `${identity.serviceAccount}.${identity.namespace}` };
}
