import { MeshError, type Clock, type Random } from '@osm/prelude';
import type { Logger } from '@osm/telemetry';
import type { ApiServer } from './api-server.ts';
import { followResource, type FollowNote } from './follow-resource.ts';
import { resourcePath, type KubernetesObject, type ResourceType } from './resource-type.ts';

/** Which configuration to look after. */
export interface WebhookConfigurationOptions {
  readonly server: ApiServer;
  /** Mutating or validating. */
  readonly type: ResourceType;
  readonly name: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** Keeps the caBundle of the webhook configuration equal to the mesh's roots, whoever changes either. */
export interface WebhookConfiguration {
  readonly trust: (bundle: { readonly rootsPem: readonly string[] }) => void;
  /** Ends with the signal. */
  readonly follow: () => Promise<void>;
}

interface Webhook {
  readonly name: string;
  readonly clientConfig?: { readonly caBundle?: string };
}

/** Does nothing until it is told whom to trust, and followed. */
export function createWebhookConfiguration(
  options: WebhookConfigurationOptions,
): WebhookConfiguration {
  const { server, type, name, clock, random, log, signal } = options;
  let wanted: string | undefined;
  let seen: KubernetesObject | undefined;
  const repair = async (): Promise<void> => {
    const webhooks = (seen?.['webhooks'] ?? []) as readonly Webhook[];
    const wrong = webhooks.filter(({ clientConfig }) => clientConfig?.caBundle !== wanted);
    if (wanted === undefined || wrong.length === 0) return;
    try {
      await server.ask({
        method: 'PATCH',
        path: resourcePath(type, { name }),
        contentType: 'application/strategic-merge-patch+json',
        body: {
          webhooks: wrong.map((webhook) => ({
            name: webhook.name,
            clientConfig: { caBundle: wanted },
          })),
        },
      });
      log.info('caBundle written', { webhookConfiguration: name });
    } catch (thrown) {
      const error = MeshError.from(thrown);
      log.warn('cannot write the caBundle; it is tried again', { err: error });
      clock.after(1_000, () => void repair());
    }
  };
  const note = (each: FollowNote): void => {
    if (each.kind === 'failed')
      log.warn('cannot follow the webhook configuration; it is tried again', { err: each.error });
  };
  return {
    trust: ({ rootsPem }) => {
      wanted = Buffer.from(rootsPem.join('')).toString('base64');
      void repair();
    },
    follow: async () => {
      const fieldSelector = `metadata.name=${name}`;
      const options = { fieldSelector, signal, clock, random, note };
      const follower = followResource(server, type, options);
      for await (const { events } of follower.batches()) {
        for (const event of events) seen = event.kind === 'put' ? event.object : undefined;
        await repair();
      }
    },
  };
}
