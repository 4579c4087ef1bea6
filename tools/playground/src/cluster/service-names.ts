import { backingPods, headlessNames, type EndpointPod } from './endpoints.ts';
import { endpointsByHand, type HandMadeEndpoints } from './endpoints-by-hand.ts';
import type { ResolvableService } from './hosts-file.ts';
import type { ServiceSpec } from './service-spec.ts';

/** What names of services depend on. */
export interface NameSources {
  readonly services: readonly ServiceSpec[];
  /** The mesh's own. */
  readonly own: readonly ResolvableService[];
  readonly pods: readonly EndpointPod[];
  readonly byHand: readonly HandMadeEndpoints[];
  readonly addressOf: (service: ServiceSpec) => string;
}

/** What cluster DNS would answer: the name of each service, and under a headless one the names of its pods. */
export function serviceNames(sources: NameSources): ResolvableService[] {
  const { services, own, pods, byHand, addressOf } = sources;
  const addressed = services.flatMap((service): ResolvableService[] => {
    const { namespace, name } = service;
    switch (service.kind) {
      case 'ClusterIP':
        return [{ namespace, name, addresses: [addressOf(service)] }];
      case 'Headless':
        return [{ namespace, name, ...headless(service, pods, byHand) }];
      case 'ExternalName':
        return [];
    }
  });
  const known = [...own, ...addressed];
  const byName = new Map(known.flatMap(fullNames));
  const aliases = services
    .filter(({ kind }) => kind === 'ExternalName')
    // A name outside the cluster leads nowhere here: there is no way out.
    .flatMap(({ namespace, name, externalName }) => {
      const addresses = byName.get(externalName.toLowerCase().replace(/\.$/, ''));
      return addresses === undefined ? [] : [{ namespace, name, addresses }];
    });
  return [...known, ...aliases];
}

function headless(
  service: ServiceSpec,
  pods: readonly EndpointPod[],
  byHand: readonly HandMadeEndpoints[],
): Omit<ResolvableService, 'namespace' | 'name'> {
  if (backingPods(service, pods).length > 0) return headlessNames(service, pods);
  const endpoints = endpointsByHand(service, byHand).flatMap((one) => one.endpoints);
  const hosts = endpoints
    .filter(({ hostname }) => hostname !== '')
    .map(({ hostname, ip }) => ({ name: hostname, address: ip }));
  return { addresses: [...new Set(endpoints.map(({ ip }) => ip))], hosts };
}

function fullNames(service: ResolvableService): [string, readonly string[]][] {
  const full = `${service.name}.${service.namespace}.svc.cluster.local`;
  const hosts = (service.hosts ?? []).map(({ name, address }): [string, readonly string[]] => [
    `${name}.${full}`,
    [address],
  ]);
  return [[full, service.addresses], ...hosts];
}
