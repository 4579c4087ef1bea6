import type { Identity } from '@osm/model';
import { parseProxySpiffeId, proxySpiffeIdOf } from '@osm/pki';
import type { ProxyAssignment } from '@osm/proto-mesh';
import type { Peer } from '@osm/rpc';

/** What is needed to judge a stream. */
export interface AdmissionFacts {
  /** `node.id` of the first request. */
  readonly nodeId: string;
  readonly peer: Peer;
  readonly trustDomain: string;
  /** Undefined when no pod with this uuid is known (yet). */
  readonly assignment: ProxyAssignment | undefined;
}

export type Admission =
  | { readonly kind: 'admitted'; readonly identity: Identity }
  /** The certificate is right so far; its pod is not known yet. */
  | { readonly kind: 'unknown-pod' }
  | {
      readonly kind: 'rejected';
      readonly reason: 'no-node-id' | 'certificate' | 'node-id' | 'pod';
      readonly message: string;
    };

/**
 * Decides whether a proxy may have the configuration of a node id: certificate, node id and pod must agree, else any meshed
 * workload could fetch the configuration and keys of another one.
 *
 * The proxy is told by its URI SAN, not by the DNS SAN: a service account may be called `<uuid>.sidecar.x`.
 */
export function judgeAdmission(facts: AdmissionFacts): Admission {
  const { nodeId, peer, trustDomain, assignment } = facts;
  if (nodeId === '')
    return reject(
      'no-node-id',
      'the first request has no node.id; it must be the uuid of the proxy',
    );
  const proxies = peer.uris
    .map((uri) => parseProxySpiffeId(uri, trustDomain))
    .filter((proxy) => proxy !== undefined);
  const [proxy] = proxies;
  if (proxy === undefined)
    return reject(
      'certificate',
      `the client certificate is not that of a proxy of trust domain ${trustDomain} (SANs: ${[...peer.uris, ...peer.dnsNames].join(', ') || 'none'})`,
    );
  if (!proxies.some(({ uuid }) => uuid === nodeId))
    return reject(
      'node-id',
      `node.id ${nodeId} is not the proxy of the certificate, ${proxy.uuid}`,
    );
  if (assignment === undefined) return { kind: 'unknown-pod' };
  const identity: Identity = {
    namespace: assignment.namespace,
    serviceAccount: assignment.serviceAccount,
  };
  if (!peer.uris.includes(proxySpiffeIdOf({ uuid: nodeId, identity }, trustDomain)))
    return reject(
      'pod',
      `pod ${assignment.namespace}/${assignment.pod} runs as service account ${identity.serviceAccount}, the certificate is for ${proxy.identity.namespace}/${proxy.identity.serviceAccount}`,
    );
  return { kind: 'admitted', identity };
}

function reject(reason: (Admission & { kind: 'rejected' })['reason'], message: string): Admission {
  return { kind: 'rejected', reason, message };
}
