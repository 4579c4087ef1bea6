import type { CertificateSubject } from '@osm/pki';

interface Grant {
  /** Kinds of identities that it may ask for. */
  readonly identities: 'proxy' | 'workload' | 'none';
  /** Its own server's certificate. */
  readonly name: string;
  /** Further DNS names of it. */
  readonly dnsNames: RegExp;
}

/**
 * Who may have what, by purpose: with the key of the injector nobody poses as a workload towards others, and with that of the xds-server
 * nobody gets at the configuration of a proxy elsewhere.
 */
const grants: ReadonlyMap<string, Grant> = new Map([
  [
    'catalog-watcher',
    {
      identities: 'none',
      name: 'osm-validator',
      dnsNames: /^(localhost|osm-validator\.[a-z0-9-]+\.svc)$/,
    },
  ],
  [
    'injector',
    {
      identities: 'proxy',
      name: 'osm-injector',
      dnsNames: /^(localhost|osm-injector\.[a-z0-9-]+\.svc)$/,
    },
  ],
  [
    'xds-server',
    {
      identities: 'workload',
      name: 'ads',
      dnsNames: /^(localhost|osm-controller\.[a-z0-9-]+\.svc(\.cluster\.local)?)$/,
    },
  ],
] as const);

/** Whether the service is one of those that may ask for anything: others are counted together. */
export function isAsker(service: string): boolean {
  return grants.has(service);
}

/** Why the service may not have a certificate of this subject; undefined = it may. */
export function grantProblem(asker: string, subject: CertificateSubject): string | undefined {
  const grant = grants.get(asker);
  if (grant === undefined) return `${asker} may not ask for certificates`;
  if (subject.kind !== 'controlPlane') {
    if (subject.kind === grant.identities) return undefined;
    if (grant.identities === 'none') return `${asker} may ask for its own name only`;
    return `${asker} may ask for certificates of kind ${grant.identities}, not ${subject.kind}`;
  }
  if (subject.name !== grant.name)
    return `${asker} may ask for its own name ${grant.name}, not ${subject.name}`;
  const foreign = subject.dnsNames.find((name) => !grant.dnsNames.test(name));
  return foreign === undefined ? undefined : `${foreign} is not a name of ${asker}`;
}
