import type { Bus } from '@osm/bus';
import { MeshError, pause, type Clock } from '@osm/prelude';
import { versionInfo, type ServiceContext } from '@osm/runtime';
import { createAdmit } from './admit.ts';
import { obtainCertificate } from './certificate-requests.ts';
import type { Cluster } from './cluster.ts';
import type { Config } from './config.ts';
import { createMeshView, followTrust } from './mesh-view.ts';
import { createInjectorMetrics } from './metrics.ts';
import {
  startWebhookServer,
  type ServerIdentity,
  type WebhookServer,
  type WebhookServerOptions,
} from './webhook-server.ts';

interface Environment {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly cluster: Cluster;
}

/**
 * Follows the catalog and the trust bundle, and answers admission requests as soon as it can. Returns after the signal; the
 * caller closes the bus.
 */
export async function runInjector(
  context: ServiceContext<Config>,
  environment: Environment,
): Promise<void> {
  const { config, log, readiness, signal } = context;
  const { bus, clock, cluster } = environment;
  const { secrets } = cluster;
  const { version } = versionInfo();
  const catalogGate = readiness.gate('catalog');
  const busGate = readiness.gate('bus');
  const noteBus = (connected: boolean): void =>
    connected ? busGate.ready() : busGate.notReady('not connected to the bus');
  noteBus(bus.connected());
  bus.onConnected(noteBus);

  const mesh = createMeshView(bus, cluster.podFound);
  const metrics = createInjectorMetrics(context.metrics);
  const admit = createAdmit({ bus, clock, config, log, mesh, metrics, secrets, version });
  const onRefused: WebhookServerOptions['onRefused'] = (reason) => metrics.refused.inc({ reason });
  const webhook = createWebhook(context, environment, { admit, onRefused });
  catalogGate.notReady('waiting for the catalog-watcher');
  try {
    await Promise.all([
      mesh.follow(signal, catalogGate.ready),
      followTrust(bus, signal, (bundle) => {
        cluster.trust(bundle);
        webhook.onBundle();
      }),
      cluster.run(),
    ]);
  } finally {
    await webhook.close();
  }
}

interface Webhook {
  readonly onBundle: () => void;
  readonly close: () => Promise<void>;
}

const retryMs = 500;

/** A certificate is replaced after this part of its life. */
const renewAt = 2 / 3;

/**
 * The webhook's server with a certificate of the mesh. It starts with the first trust bundle, and gets a new certificate with
 * every other one, and long before the old one ends. What fails is tried again until it works or the service ends.
 */
function createWebhook(
  { config, log, readiness, signal }: ServiceContext<Config>,
  { bus, clock }: Environment,
  answers: Pick<WebhookServerOptions, 'admit' | 'onRefused'>,
): Webhook {
  const gate = readiness.gate('webhook');
  gate.notReady('waiting for the certificate-manager');
  let server: WebhookServer | undefined;
  let wanted = 0;
  let work = Promise.resolve();
  let cancelRenewal = (): void => undefined;

  const serve = async (): Promise<void> => {
    const identity = config.webhookTls ? await obtainIdentity({ bus, clock }, config) : undefined;
    cancelRenewal();
    if (identity !== undefined) {
      const lifeMs = identity.notAfterMs - clock.now();
      cancelRenewal = clock.after(lifeMs * renewAt, renew);
    }
    if (server !== undefined) {
      if (identity !== undefined) server.replaceIdentity(identity);
      return;
    }
    const { webhookHost: host, webhookPort: port } = config;
    server = await startWebhookServer({ host, port, identity, ...answers });
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
      await server?.close();
    },
  };
}

/** The names by which the API server calls the webhook, and those of a developer's machine. */
async function obtainIdentity(
  tools: Pick<Environment, 'bus' | 'clock'>,
  config: Config,
): Promise<ServerIdentity & { readonly notAfterMs: number }> {
  const dnsNames = [`osm-injector.${config.meshNamespace}.svc`, 'localhost'];
  const value = { name: 'osm-injector', dnsNames };
  const certificate = await obtainCertificate(tools, { kind: { $case: 'controlPlane', value } });
  const { chainPem: cert, notAfterMs } = certificate;
  return { cert, key: certificate.privateKeyPem.reveal(), notAfterMs };
}
