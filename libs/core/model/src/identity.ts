import type { Brand } from '@osm/prelude';

/** Who a workload is: its service account. Names may contain dots, so this is never a dotted text inside the project. */
export interface Identity {
  readonly namespace: string;
  readonly serviceAccount: string;
}

/** `<namespace>/<service account>`: the key form of an identity. Kubernetes names contain no slash. */
export type IdentityText = Brand<string, 'IdentityText'>;

/** `namespace/account`. */
export function formatIdentity(identity: Identity): IdentityText {
  return `${identity.namespace}/${identity.serviceAccount}` as IdentityText;
}

/** The identity that was formatted. */
export function parseIdentity(text: IdentityText): Identity {
  const slash = text.indexOf('/');
  return { namespace: text.slice(0, slash), serviceAccount: text.slice(slash + 1) };
}

/** The principal in certificates (CN and DNS SAN) and in RBAC. OSM: service identity plus trust domain. */
export function principalOf(identity: Identity, trustDomain: string): string {
  return `${identity.serviceAccount}.${identity.namespace}.${trustDomain}`;
}

/** The URI SAN. The order service account, namespace is OSM's. */
export function spiffeIdOf(identity: Identity, trustDomain: string): string {
  return `spiffe://${trustDomain}/${identity.serviceAccount}/${identity.namespace}`;
}

const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** Why this text cannot be a trust domain; undefined when it can. */
export function trustDomainProblem(text: string): string | undefined {
  if (text.length <= 253 && text.split('.').every((part) => label.test(part))) return undefined;
  return `trust domain "${text}" must be a DNS name in lower case, such as cluster.local`;
}
