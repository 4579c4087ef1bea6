import { MeshError, pause, type Clock } from '@osm/prelude';
import type { Logger } from '@osm/telemetry';
import {
  startWebhookServer,
  type ServerIdentity,
  type WebhookServer,
  type WebhookServerOptions,
} from './webhook-server.ts';

/** An identity that ends some day. */
export interface MortalIdentity extends ServerIdentity {
  readonly notAfterMs: number;
}

/** What a webhook answers, where, and with whose certificate. */
export interface WebhookOptions extends Omit<WebhookServerOptions, 'identity'> {
  /** A new certificate; undefined = HTTP, for development. What fails is tried again. */
  readonly obtain: () => Promise<MortalIdentity | undefined>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Whether the webhook is served, for the readiness of the service. */
  readonly gate: {
    readonly ready: () => void;
    readonly notReady: (reason: string) => void;
  };
  readonly signal: AbortSignal;
  /**
   * For how long it still answers when it is to end: the API server holds connections, and hears of the end later than this process.
   * None when undefined.
   */
  readonly lingerMs?: number;
}

/** A webhook that keeps its certificate in force by itself. */
export interface Webhook {
  /** The roots of the mesh are known, or others than before. */
  readonly onBundle: () => void;
  /** Answers what has begun, and ends. */
  readonly close: () => Promise<void>;
}

const retryMs = 500;

/** A certificate is replaced after this part of its life. */
const renewAt = 2 / 3;

/**
 * The server starts with the first trust bundle, and gets a new certificate with every other one, and long before the old one
 * ends. What fails is tried again until it works or the signal aborts.
 */
export function serveWebhook(options: WebhookOptions): Webhook {
  const { clock, gate, lingerMs = 0, log, obtain, signal } = options;
  gate.notReady('waiting for the certificate-manager');
  let server: WebhookServer | undefined;
  let wanted = 0;
  let work = Promise.resolve();
  let cancelRenewal = (): void => undefined;

  const serve = async (): Promise<void> => {
    const identity = await obtain();
    cancelRenewal();
    if (identity !== undefined) {
      const lifeMs = identity.notAfterMs - clock.now();
      cancelRenewal = clock.after(lifeMs * renewAt, renew);
    }
    if (server !== undefined) {
      if (identity !== undefined) server.replaceIdentity(identity);
      return;
    }
    server = await startWebhookServer({ ...options, identity });
    log.info('webhook is served', { address: server.address });
    gate.ready();
  };
  const attempt = async (bundle: number): Promise<void> => {
    while (bundle === wanted && !signal.aborted) {
      try {
        return await serve();
      } catch (thrown) {
        const error = MeshError.from(thrown);
        log.warn('webhook is not served yet', { err: error });
        if (server === undefined) gate.notReady(error.message);
        await pause(clock, retryMs, signal);
      }
    }
  };
  const renew = (): void => {
    const bundle = (wanted += 1);
    work = work.then(() => attempt(bundle));
  };
  return {
    onBundle: renew,
    close: async () => {
      await work;
      cancelRenewal();
      server?.leave();
      if (server !== undefined && lingerMs > 0) await pause(clock, lingerMs);
      await server?.close();
    },
  };
}
