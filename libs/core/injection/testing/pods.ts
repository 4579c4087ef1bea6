import { defaultMeshSettings, type Namespace } from '@osm/model';
import { Injection } from '@osm/proto-mesh';
import { noAbilities, type InjectionRequest, type JsonObject } from '../src/index.ts';

export const proxyUuid = '0b6c3d0e-6ea1-4f6f-9d5c-8d2f3a1b4c5d';

/** A namespace of the mesh that asks for sidecars. */
export const shop: Namespace = {
  name: 'shop',
  injection: Injection.INJECTION_ENABLED,
  injectionText: '',
  metrics: false,
  ignored: false,
};

/** A pod with one container; `spec` and `metadata` are merged in. */
export function pod(parts: { spec?: JsonObject; metadata?: JsonObject } = {}): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'bookstore', ...parts.metadata },
    spec: {
      serviceAccountName: 'bookstore',
      containers: [{ name: 'app', image: 'bookstore:1' }],
      ...parts.spec,
    },
  };
}

/** A request with everything in place; `parts` replace what a test is about. */
export function injectionRequest(parts: Partial<InjectionRequest> = {}): InjectionRequest {
  return {
    pod: pod(),
    namespaceName: 'shop',
    namespace: shop,
    meshNamespace: 'osm-system',
    settings: defaultMeshSettings('cluster.local'),
    proxyUuid,
    images: {
      envoy: 'envoy:1',
      init: 'init:1',
      healthcheck: 'healthcheck:1',
      agent: 'agent:1',
      pullPolicy: 'IfNotPresent',
    },
    abilities: noAbilities,
    xdsAddresses: [{ host: 'osm-controller.osm-system.svc.cluster.local', port: 15128 }],
    ...parts,
  };
}
