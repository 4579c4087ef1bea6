import { sortedBy } from '@osm/prelude';

/** A service's name and the addresses it resolves to: its own, or those of its pods when it is headless. */
export interface ResolvableService {
  readonly namespace: string;
  readonly name: string;
  readonly addresses: readonly string[];
}

export interface HostsFileOwner {
  readonly namespace: string;
  readonly hostname: string;
  readonly ip: string;
}

/** The text of a pod's /etc/hosts: what cluster DNS would answer to it. Short names are those of its own namespace. */
export function hostsFile(owner: HostsFileOwner, services: readonly ResolvableService[]): string {
  const sorted = sortedBy(services, (service) => `${service.namespace}/${service.name}`);
  const lines = sorted.flatMap((service) => {
    const qualified = `${service.name}.${service.namespace}`;
    const short = service.namespace === owner.namespace ? [service.name] : [];
    const full = `${qualified}.svc.cluster.local`;
    // A final dot says that a name is complete; the resolver compares it with the file as it is written.
    const names = [...short, qualified, `${qualified}.svc`, full, `${full}.`].join(' ');
    return service.addresses.map((address) => `${address} ${names}`);
  });
  return ['127.0.0.1 localhost', `${owner.ip} ${owner.hostname}`, ...lines, ''].join('\n');
}
