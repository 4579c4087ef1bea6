/** A service by its names. */
export interface ServiceRef {
  readonly namespace: string;
  readonly name: string;
}

/** Fully qualified name, also the SNI of in-mesh TLS. The suffix does not depend on the trust domain. */
export function serviceFqdn(service: ServiceRef): string {
  return `${service.name}.${service.namespace}.svc.cluster.local`;
}

/** Host names under which a service port is called, each also with `:port`. */
export function serviceDomains(service: ServiceRef, port: number): string[] {
  const { name, namespace } = service;
  const hosts = [
    name,
    `${name}.${namespace}`,
    `${name}.${namespace}.svc`,
    `${name}.${namespace}.svc.cluster`,
    serviceFqdn(service),
  ];
  return hosts.flatMap((host) => [host, `${host}:${port}`]);
}
