import { subjects, type Bus } from '@osm/bus';
import { obtainCertificate, type CertificateAsker } from '@osm/pki';
import type { Clock } from '@osm/prelude';
import { versionInfo, type ServiceContext } from '@osm/runtime';
import { serveWebhook, type MortalIdentity } from '@osm/webhook';
import { createAdmit } from './admit.ts';
import type { Cluster } from './cluster.ts';
import type { Config } from './config.ts';
import { createMeshView, followTrust } from './mesh-view.ts';
import { createInjectorMetrics } from './metrics.ts';

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
  const certificates: CertificateAsker = {
    asker: 'injector',
    clock,
    ask: (request, options) => bus.request(subjects.sign, request, options),
  };
  const admit = createAdmit({ certificates, config, log, mesh, metrics, secrets, version });
  const webhook = serveWebhook({
    host: config.webhookHost,
    port: config.webhookPort,
    portFlag: '--webhook-port',
    path: '/mutate-pod-creation',
    admit,
    unable: 'the injector does not know the mesh yet: see its /health/ready',
    obtain: () => obtainIdentity(certificates, config),
    onRefused: (reason) => metrics.refused.inc({ reason }),
    gate: readiness.gate('webhook'),
    clock,
    log,
    signal,
  });
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

/** The names by which the API server calls the webhook, and those of a developer's machine. */
async function obtainIdentity(
  certificates: CertificateAsker,
  config: Config,
): Promise<MortalIdentity | undefined> {
  if (!config.webhookTls) return undefined;
  const dnsNames = [`osm-injector.${config.meshNamespace}.svc`, 'localhost'];
  const value = { name: 'osm-injector', dnsNames };
  const certificate = await obtainCertificate(certificates, {
    kind: { $case: 'controlPlane', value },
  });
  const { chainPem: cert, notAfterMs } = certificate;
  return { cert, key: certificate.privateKeyPem.reveal(), notAfterMs };
}
