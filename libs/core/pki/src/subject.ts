import { principalOf, spiffeIdOf, type Identity } from '@osm/model';
import { assertNever, err, ok, type Result } from '@osm/prelude';

/** Who a certificate is for. The names in it follow from this alone. */
export type CertificateSubject =
  /** A workload's identity inside the mesh: what Envoy presents to other Envoys. */
  | { readonly kind: 'workload'; readonly identity: Identity }
  /** One proxy's client certificate towards the xDS server. */
  | { readonly kind: 'proxy'; readonly uuid: string; readonly identity: Identity }
  /** A service of the control plane, `ads` for example, with further DNS names by which it is called. */
  | { readonly kind: 'controlPlane'; readonly name: string; readonly dnsNames: readonly string[] };

/** The names of a certificate. Order matters to Envoy's RBAC only between kinds: URI before DNS before subject. */
export interface CertificateNames {
  /** Left out of the certificate when longer than X.509 allows: see subjectNames. */
  readonly commonName: string | undefined;
  readonly dnsNames: readonly string[];
  readonly uris: readonly string[];
}

const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const commonNameLengthMax = 64;

/**
 * The names for a subject, or why there are none. The DNS SAN is OSM's principal, the URI SAN its SPIFFE form.
 *
 * X.509 limits a common name to 64 characters (RFC 5280, ub-common-name-length), and a proxy's is always longer. Such a name
 * is left out: a truncated one would be somebody else's, and every reader of ours and Envoy looks at the SANs.
 */
export function subjectNames(
  subject: CertificateSubject,
  trustDomain: string,
): Result<CertificateNames, string> {
  switch (subject.kind) {
    case 'workload': {
      const problem = identityProblem(subject.identity);
      if (problem !== undefined) return err(problem);
      const principal = principalOf(subject.identity, trustDomain);
      return ok(named(principal, [], [spiffeIdOf(subject.identity, trustDomain)]));
    }
    case 'proxy': {
      const problem = identityProblem(subject.identity);
      if (problem !== undefined) return err(problem);
      if (!uuid.test(subject.uuid))
        return err(`proxy "${subject.uuid}" is not a UUID in lower case with dashes`);
      return ok(
        named(proxyPrincipalOf(subject, trustDomain), [], [proxySpiffeIdOf(subject, trustDomain)]),
      );
    }
    case 'controlPlane': {
      if (!label.test(subject.name))
        return err(`control plane name "${subject.name}" must be one DNS label, such as "ads"`);
      const problem = subject.dnsNames
        .map((name) => dnsNameProblem(name, trustDomain))
        .find(Boolean);
      if (problem !== undefined) return err(problem);
      return ok(named(`${subject.name}.${trustDomain}`, subject.dnsNames, []));
    }
    default:
      return assertNever(subject);
  }
}

function named(
  principal: string,
  furtherDnsNames: readonly string[],
  uris: readonly string[],
): CertificateNames {
  return {
    commonName: principal.length <= commonNameLengthMax ? principal : undefined,
    dnsNames: [...new Set([principal, ...furtherDnsNames])],
    uris,
  };
}

/** Which proxy, of which identity. */
export interface ProxySubject {
  readonly uuid: string;
  readonly identity: Identity;
}

/** The DNS SAN of a proxy's client certificate: `<uuid>.sidecar.<service account>.<namespace>.<trust domain>`. */
export function proxyPrincipalOf(proxy: ProxySubject, trustDomain: string): string {
  return `${proxy.uuid}.sidecar.${principalOf(proxy.identity, trustDomain)}`;
}

/** The URI SAN of a proxy's client certificate: `spiffe://<trust domain>/<uuid>/sidecar/<service account>/<namespace>`. */
export function proxySpiffeIdOf(proxy: ProxySubject, trustDomain: string): string {
  const { serviceAccount, namespace } = proxy.identity;
  return `spiffe://${trustDomain}/${proxy.uuid}/sidecar/${serviceAccount}/${namespace}`;
}

/**
 * Reads a proxy's URI SAN back; undefined when it is not one of this trust domain. Tell proxies by this, not by the DNS SAN:
 * a service account may be named `<uuid>.sidecar.x`, and its workload certificate then carries the same DNS SAN.
 */
export function parseProxySpiffeId(uri: string, trustDomain: string): ProxySubject | undefined {
  const prefix = `spiffe://${trustDomain}/`;
  if (!uri.startsWith(prefix)) return undefined;
  const [id, kind, serviceAccount, namespace, ...rest] = uri.slice(prefix.length).split('/');
  if (id === undefined || kind !== 'sidecar' || !uuid.test(id)) return undefined;
  if (serviceAccount === undefined || namespace === undefined || rest.length > 0) return undefined;
  const identity = { namespace, serviceAccount };
  return identityProblem(identity) === undefined ? { uuid: id, identity } : undefined;
}

function identityProblem({ namespace, serviceAccount }: Identity): string | undefined {
  if (!label.test(namespace)) return `namespace "${namespace}" is not a Kubernetes namespace name`;
  const isName =
    serviceAccount.length <= 253 && serviceAccount.split('.').every((part) => label.test(part));
  return isName ? undefined : `service account "${serviceAccount}" is not a Kubernetes name`;
}

/** Names below the trust domain are identities: nobody gets one as a further DNS name. */
function dnsNameProblem(name: string, trustDomain: string): string | undefined {
  if (name.length > 253 || !name.split('.').every((part) => label.test(part)))
    return `"${name}" is not a DNS name in lower case (wildcards are not issued)`;
  if (name === trustDomain || name.endsWith(`.${trustDomain}`))
    return `"${name}" lies below the trust domain ${trustDomain}, where names are identities; use <service>.<namespace>.svc`;
  return undefined;
}
