import { buckets, type Bus } from '@osm/bus';
import { silentLogger, type MemoryBusHub } from '@osm/bus/testing';
import { noAbilities, type ClusterAbilities, type JsonObject } from '@osm/injection';
import { defaultMeshSettings, objectKey, type CatalogValue } from '@osm/model';
import { Injection, type CatalogObject } from '@osm/proto-mesh';
import type { Clock } from '@osm/prelude';
import { createReadiness, systemClock, type Readiness } from '@osm/runtime';
import { createMetrics, type Metrics } from '@osm/telemetry';
import { runInjector } from '../src/service.ts';

/** One running injector on a bus in memory; Secrets stay in `secrets`. */
export interface RunningInjector {
  readonly readiness: Readiness;
  readonly metrics: Metrics;
  readonly secrets: readonly JsonObject[];
  /** Makes somebody the owner of all Secrets. */
  readonly own: (owner: JsonObject) => void;
  /** Waits until the webhook is served. */
  readonly address: () => Promise<string>;
  readonly stop: () => Promise<void>;
}

export interface InjectorOptions {
  readonly webhookTls: boolean;
  readonly abilities?: ClusterAbilities;
  readonly asksForMembersOnly?: boolean;
  readonly clock?: Clock;
}

export function startInjector(hub: MemoryBusHub, options: InjectorOptions): RunningInjector {
  const abort = new AbortController();
  const readiness = createReadiness();
  const metrics = createMetrics();
  const secrets: JsonObject[] = [];
  let served: (address: string) => void = () => undefined;
  const address = new Promise<string>((resolve) => (served = resolve));
  const bus = hub.connect({ service: 'injector' });
  const log = {
    ...silentLogger,
    info: (message: string, fields: Readonly<Record<string, unknown>> = {}) => {
      if (message === 'webhook is served') served(String(fields['address']));
    },
  };
  const config = {
    webhookPort: 0,
    webhookHost: '127.0.0.1',
    webhookTls: options.webhookTls,
    secretDirectory: '',
    kubeconfig: '',
    webhookConfigName: '',
    xdsAddress: [{ host: '127.0.0.1', port: 15128 }],
    meshName: 'osm',
    meshNamespace: 'osm-system',
    defaultEnvoyImage: 'envoy:1',
    defaultInitContainerImage: 'init:1',
    defaultHealthcheckContainerImage: 'healthcheck:1',
    defaultProxylessAgentImage: 'agent:1',
    osmContainerPullPolicy: 'IfNotPresent' as const,
    natsUrl: '',
    natsCredentials: '',
    natsCa: '',
    natsPlaintext: false,
    natsReplicas: '1' as const,
  };
  const http = { route: () => undefined };
  const done = runInjector(
    { config, log, metrics, readiness, http, instance: 'injector-1', signal: abort.signal },
    {
      bus,
      clock: options.clock ?? systemClock,
      cluster: {
        podFound: () => undefined,
        trust: () => undefined,
        lingerMs: 0,
        asksForMembersOnly: options.asksForMembersOnly ?? false,
        abilities: () => Promise.resolve(options.abilities ?? noAbilities),
        run: () => Promise.resolve(),
        secrets: {
          write: (secret) => Promise.resolve(void secrets.push(secret)),
          read: (namespace, name) =>
            Promise.resolve(
              secrets.find(({ metadata }) => {
                const found = metadata as { readonly namespace: string; readonly name: string };
                return found.namespace === namespace && found.name === name;
              }),
            ),
        },
      },
    },
  );
  return {
    readiness,
    metrics,
    secrets,
    own: (owner) => {
      secrets.forEach((secret, index) => {
        const metadata = { ...(secret['metadata'] as JsonObject), ownerReferences: [owner] };
        secrets[index] = { ...secret, metadata };
      });
    },
    address: () => address,
    stop: async () => {
      abort.abort();
      await done;
      await bus.close();
    },
  };
}

/** A catalog with settings and the injected namespace `shop`; `add` puts another one beside it. */
export function publishCatalog(bus: Bus): { readonly add: (namespace: string) => void } {
  const table = bus.own(buckets.catalog);
  const set = (object: CatalogValue): void =>
    table.set(objectKey(object), { kind: object } as unknown as CatalogObject);
  const add = (name: string): void => {
    const injection = Injection.INJECTION_ENABLED;
    const value = { name, injection, injectionText: '', metrics: false, ignored: false };
    set({ $case: 'namespace', value });
  };
  set({ $case: 'meshSettings', value: defaultMeshSettings('cluster.local') });
  add('shop');
  table.complete();
  return { add };
}
