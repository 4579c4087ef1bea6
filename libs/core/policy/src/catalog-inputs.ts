import type { Database, Index, Input } from '@osm/incremental';
import {
  decodeKey,
  defaultMeshSettings,
  type CatalogValue,
  type EndpointSlice,
  type HttpRouteGroup,
  type Label,
  type MeshSettings,
  type Pod,
  type Service,
  type TcpRoute,
  type TrafficSplit,
  type TrafficTarget,
} from '@osm/model';
import { namespacedName } from './names.ts';
import type { TlsSettings } from './proxy-policy.ts';
import { hasEndpointsByHand } from './service-ports.ts';

/** One change of the catalog, as the bus reports it. */
export type CatalogChange =
  | { readonly kind: 'put'; readonly key: string; readonly value: CatalogValue }
  | { readonly kind: 'delete'; readonly key: string };

/** Who a pod is: what of it decides on its sidecar's configuration. */
export type PodIdentity = Pick<
  Pod,
  'namespace' | 'name' | 'proxyUuid' | 'serviceAccount' | 'scrape' | 'proxyless'
>;

/**
 * The catalog as inputs, keyed by `<namespace>/<name>`. Objects of which only some fields matter to most readers are taken
 * apart, so that a change of one field wakes its readers only.
 */
export interface CatalogInputs {
  /** Names of the mesh's namespaces. */
  readonly namespaces: Input<true>;
  readonly serviceAccounts: Input<true>;
  readonly services: Input<Service>;
  readonly slices: Input<EndpointSlice>;
  readonly podIdentities: Input<PodIdentity>;
  readonly podLabels: Input<readonly Label[]>;
  readonly podNamedPorts: Input<Pod['namedPorts']>;
  readonly podIps: Input<string>;
  readonly targets: Input<TrafficTarget>;
  readonly routeGroups: Input<HttpRouteGroup>;
  readonly tcpRoutes: Input<TcpRoute>;
  readonly splits: Input<TrafficSplit>;
  /** Single values, under the key ''. */
  readonly permissive: Input<boolean>;
  readonly egress: Input<boolean>;
  readonly trustDomain: Input<string>;
  readonly tls: Input<TlsSettings>;
}

/** Ways to find objects by what they refer to. */
export interface CatalogIndexes {
  readonly podsByUuid: Index;
  /** `<namespace>/<service account>` */
  readonly podsByAccount: Index;
  /** labelKey() */
  readonly podsByLabel: Index;
  readonly podsByIp: Index;
  /** Key '': all pods without a sidecar whose gRPC speaks xDS itself. */
  readonly proxylessPods: Index;
  /** labelKey() of the first label of the selector. */
  readonly servicesBySelector: Index;
  /** By namespace: those whose endpoints somebody writes by hand. */
  readonly servicesWithoutSelector: Index;
  /** Key '': all services. */
  readonly allServices: Index;
  /** Cluster addresses. */
  readonly servicesByAddress: Index;
  /** ExternalName services by the name that they stand for. */
  readonly servicesByExternalName: Index;
  /** `<namespace>/<service>` */
  readonly slicesByService: Index;
  readonly slicesByIp: Index;
  /** `<namespace>/<service account>` */
  readonly targetsByDestination: Index;
  readonly targetsBySource: Index;
  /** `<namespace>/<service>` */
  readonly splitsByRoot: Index;
}

/** Index key of a label of objects in a namespace. */
export function labelKey(namespace: string, label: Label): string {
  return `${namespace}/${label.key}=${label.value}`;
}

/** Creates the inputs, with the settings of a mesh without MeshConfig. */
export function createCatalogInputs(db: Database): CatalogInputs {
  const inputs: CatalogInputs = {
    namespaces: db.input('namespaces'),
    serviceAccounts: db.input('service accounts'),
    services: db.input('services'),
    slices: db.input('endpoint slices'),
    podIdentities: db.input('pod identities'),
    podLabels: db.input('pod labels'),
    podNamedPorts: db.input('pod named ports'),
    podIps: db.input('pod addresses'),
    targets: db.input('traffic targets'),
    routeGroups: db.input('HTTP route groups'),
    tcpRoutes: db.input('TCP routes'),
    splits: db.input('traffic splits'),
    permissive: db.input('permissive'),
    egress: db.input('egress'),
    trustDomain: db.input('trust domain'),
    tls: db.input('TLS settings'),
  };
  applySettings(inputs, undefined);
  return inputs;
}

/** Creates the indexes over the inputs. */
export function createCatalogIndexes(db: Database, inputs: CatalogInputs): CatalogIndexes {
  const { services, slices, podIdentities, targets } = inputs;
  return {
    podsByUuid: db.index('pods by proxy', podIdentities, ({ proxyUuid }) =>
      proxyUuid === '' ? [] : [proxyUuid],
    ),
    podsByAccount: db.index('pods by account', podIdentities, (pod) => [
      namespacedName(pod.namespace, pod.serviceAccount),
    ]),
    podsByLabel: db.index('pods by label', inputs.podLabels, (labels, key) => {
      const namespace = key.slice(0, key.indexOf('/'));
      return labels.map((label) => labelKey(namespace, label));
    }),
    proxylessPods: db.index('proxyless pods', podIdentities, ({ proxyless }) =>
      proxyless ? [''] : [],
    ),
    podsByIp: db.index('pods by address', inputs.podIps, (ip) => (ip === '' ? [] : [ip])),
    servicesBySelector: db.index('services by selector', services, ({ namespace, selector }) =>
      selector.slice(0, 1).map((label) => labelKey(namespace, label)),
    ),
    servicesWithoutSelector: db.index('services without selector', services, (service) =>
      hasEndpointsByHand(service) ? [service.namespace] : [],
    ),
    allServices: db.index('all services', services, () => ['']),
    servicesByAddress: db.index('services by address', services, (service) => service.clusterIps),
    servicesByExternalName: db.index('services by external name', services, ({ externalName }) =>
      externalName === '' ? [] : [externalName],
    ),
    slicesByService: db.index('slices by service', slices, ({ namespace, service }) => [
      namespacedName(namespace, service),
    ]),
    slicesByIp: db.index('slices by address', slices, ({ endpoints }) =>
      endpoints.map(({ ip }) => ip),
    ),
    targetsByDestination: db.index('targets by destination', targets, ({ destination }) =>
      destination === undefined ? [] : [namespacedName(destination.namespace, destination.name)],
    ),
    targetsBySource: db.index('targets by source', targets, ({ sources }) =>
      sources.map(({ namespace, name }) => namespacedName(namespace, name)),
    ),
    splitsByRoot: db.index('splits by root', inputs.splits, ({ namespace, service }) => [
      namespacedName(namespace, service),
    ]),
  };
}

/** Brings one change of the catalog into the inputs. Keys of kinds that have no meaning here are ignored. */
export function applyCatalogChange(inputs: CatalogInputs, change: CatalogChange): void {
  const [kind = '', namespace = '', name = ''] = decodeKey(change.key);
  if (change.kind === 'put') putObject(inputs, change.value);
  else deleteObject(inputs, kind as CatalogValue['$case'], namespace, name);
}

function putObject(inputs: CatalogInputs, object: CatalogValue): void {
  switch (object.$case) {
    case 'namespace':
      return inputs.namespaces.set(object.value.name, true);
    case 'meshSettings':
      return applySettings(inputs, object.value);
    case 'pod':
      return putPod(inputs, object.value);
    case 'serviceAccount':
      return inputs.serviceAccounts.set(keyOf(object.value), true);
    case 'service':
      return inputs.services.set(keyOf(object.value), object.value);
    case 'endpointSlice':
      return inputs.slices.set(keyOf(object.value), object.value);
    case 'trafficTarget':
      return inputs.targets.set(keyOf(object.value), object.value);
    case 'httpRouteGroup':
      return inputs.routeGroups.set(keyOf(object.value), object.value);
    case 'tcpRoute':
      return inputs.tcpRoutes.set(keyOf(object.value), object.value);
    case 'trafficSplit':
      return inputs.splits.set(keyOf(object.value), object.value);
  }
}

function keyOf({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return namespacedName(namespace, name);
}

function putPod(inputs: CatalogInputs, pod: Pod): void {
  const { namespace, name, proxyUuid, serviceAccount, scrape, proxyless } = pod;
  const key = namespacedName(namespace, name);
  const identity = { namespace, name, proxyUuid, serviceAccount, scrape, proxyless };
  inputs.podIdentities.set(key, identity);
  inputs.podLabels.set(key, pod.labels);
  inputs.podNamedPorts.set(key, pod.namedPorts);
  inputs.podIps.set(key, pod.ip);
}

function deleteObject(
  inputs: CatalogInputs,
  kind: CatalogValue['$case'],
  namespace: string,
  name: string,
): void {
  const key = namespacedName(namespace, name);
  switch (kind) {
    case 'namespace':
      return inputs.namespaces.delete(name);
    case 'meshSettings':
      return applySettings(inputs, undefined);
    case 'pod':
      inputs.podIdentities.delete(key);
      inputs.podLabels.delete(key);
      inputs.podNamedPorts.delete(key);
      return inputs.podIps.delete(key);
    case 'serviceAccount':
      return inputs.serviceAccounts.delete(key);
    case 'service':
      return inputs.services.delete(key);
    case 'endpointSlice':
      return inputs.slices.delete(key);
    case 'trafficTarget':
      return inputs.targets.delete(key);
    case 'httpRouteGroup':
      return inputs.routeGroups.delete(key);
    case 'tcpRoute':
      return inputs.tcpRoutes.delete(key);
    case 'trafficSplit':
      return inputs.splits.delete(key);
  }
}

function applySettings(inputs: CatalogInputs, settings: MeshSettings | undefined): void {
  const { permissive, egress, trustDomain, sidecar } =
    settings ?? defaultMeshSettings('cluster.local');
  const tls = sidecar ?? defaultMeshSettings(trustDomain).sidecar;
  inputs.permissive.set('', permissive);
  inputs.egress.set('', egress);
  inputs.trustDomain.set('', trustDomain);
  inputs.tls.set('', {
    minProtocolVersion: tls.tlsMinProtocolVersion,
    maxProtocolVersion: tls.tlsMaxProtocolVersion,
    cipherSuites: tls.cipherSuites,
    ecdhCurves: tls.ecdhCurves,
  });
}
