import { sortedBy } from '@osm/prelude';

/** A service's name and the addresses it resolves to: its own, or those of its pods when it is headless. */
export interface ResolvableService {
  readonly namespace: string;
  readonly name: string;
  readonly addresses: readonly string[];
  /** Pods with names of their own under the service's name. */
  readonly hosts?: readonly { readonly name: string; readonly address: string }[];
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
    const isNear = service.namespace === owner.namespace;
    const line = (address: string, name: string): string =>
      `${address} ${namesOf(name, service.namespace, isNear).join(' ')}`;
    return [
      ...service.addresses.map((address) => line(address, service.name)),
      ...(service.hosts ?? []).map(({ name, address }) => line(address, `${name}.${service.name}`)),
    ];
  });
  return ['127.0.0.1 localhost', `${owner.ip} ${owner.hostname}`, ...lines, ''].join('\n');
}

function namesOf(name: string, namespace: string, isNear: boolean): string[] {
  const qualified = `${name}.${namespace}`;
  const full = `${qualified}.svc.cluster.local`;
  // A final dot says that a name is complete; the resolver compares it with the file as it is written.
  return [...(isNear ? [name] : []), qualified, `${qualified}.svc`, full, `${full}.`];
}
