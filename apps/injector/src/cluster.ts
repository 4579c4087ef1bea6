import { abilitiesOf, noAbilities, type ClusterAbilities } from '@osm/injection';
import { createWebhookConfiguration, openApiServer, resourceTypes } from '@osm/kubernetes';
import type { Pod } from '@osm/model';
import type { TrustBundle } from '@osm/proto-mesh';
import { systemClock, type ServiceContext } from '@osm/runtime';
import type { Config } from './config.ts';
import { createDirectorySecretStore } from './directory-secret-store.ts';
import { createKubernetesSecretStore } from './kubernetes/kubernetes-secret-store.ts';
import { createSecretOwner } from './kubernetes/secret-owner.ts';
import type { SecretStore } from './secret-store.ts';

/** What surrounds the webhook: who keeps the Secrets, and who wants to hear of pods and roots. */
export interface Cluster {
  readonly secrets: SecretStore;
  /** A pod with a sidecar is in the catalog. */
  readonly podFound: (pod: Pod) => void;
  readonly trust: (bundle: TrustBundle) => void;
  /** Whoever asks about a pod knows that its namespace belongs to the mesh: the webhook configuration selects by label. */
  readonly asksForMembersOnly: boolean;
  /** For how long pods are still answered when this replica is to end: none of them may meet a closed door. */
  readonly lingerMs: number;
  /** Asks what pods can be made of. Fails with `api_unavailable`. */
  readonly abilities: () => Promise<ClusterAbilities>;
  /** Its own work, until the signal. */
  readonly run: () => Promise<void>;
}

/** A directory when one is given, else the Kubernetes API. */
export function openCluster(context: ServiceContext<Config>): Cluster {
  const { secretDirectory } = context.config;
  return secretDirectory === '' ? openKubernetes(context) : inDirectory(secretDirectory);
}

/** Nobody calls the webhook through an API server, and nobody owns Secrets. */
export function inDirectory(directory: string): Cluster {
  return {
    secrets: createDirectorySecretStore(directory),
    podFound: () => undefined,
    trust: () => undefined,
    asksForMembersOnly: false,
    lingerMs: 0,
    abilities: () => Promise.resolve(noAbilities),
    run: () => Promise.resolve(),
  };
}

function openKubernetes({ config, log, signal }: ServiceContext<Config>): Cluster {
  const server = openApiServer(config);
  const clock = systemClock;
  const owner = createSecretOwner({ server, clock, log });
  const webhook = createWebhookConfiguration({
    server,
    type: resourceTypes.mutatingWebhookConfiguration,
    name: config.webhookConfigName,
    clock,
    random: { next: Math.random },
    log,
    signal,
  });
  const secrets = createKubernetesSecretStore(server);
  return {
    secrets: {
      read: secrets.read,
      write: async (secret) => {
        await secrets.write(secret);
        owner.expect(secret);
      },
    },
    podFound: owner.found,
    trust: webhook.trust,
    asksForMembersOnly: true,
    lingerMs: 3_000,
    abilities: async () => abilitiesOf(await server.ask({ path: '/version', signal })),
    run: webhook.follow,
  };
}
