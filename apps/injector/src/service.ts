import { followTrust, subjects, type Bus } from '@osm/bus';
import type { ClusterAbilities } from '@osm/injection';
import { obtainServerCertificate, type CertificateAsker, type ServerCertificate } from '@osm/pki';
import { MeshError, pause, type Clock } from '@osm/prelude';
import { versionInfo, type ServiceContext } from '@osm/runtime';
import { serveWebhook } from '@osm/webhook';
import { createAdmit } from './admit.ts';
import type { Cluster } from './cluster.ts';
import type { Config } from './config.ts';
import { createMeshView } from './mesh-view.ts';
import { createInjectorMetrics } from './metrics.ts';

const retryMs = 500;

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
  const clusterGate = readiness.gate('cluster');
  const busGate = readiness.gate('bus');
  const noteBus = (connected: boolean): void =>
    connected ? busGate.ready() : busGate.notReady('not connected to the bus');
  noteBus(bus.connected());
  bus.onConnected(noteBus);

  const mesh = createMeshView(bus, clock, cluster.podFound);
  const metrics = createInjectorMetrics(context.metrics);
  let known: ClusterAbilities | undefined;
  const abilities = (): ClusterAbilities | undefined => known;
  const certificates: CertificateAsker = {
    asker: 'injector',
    clock,
    ask: (request, options) => bus.request(subjects.sign, request, options),
  };
  const admit = createAdmit({
    asksForMembersOnly: cluster.asksForMembersOnly,
    abilities,
    certificates,
    config,
    log,
    mesh,
    metrics,
    secrets,
    version,
  });
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
    lingerMs: cluster.lingerMs,
  });
  catalogGate.notReady('waiting for the catalog-watcher');
  clusterGate.notReady('waiting for the API server to tell its version');
  try {
    await Promise.all([
      mesh.follow(signal, catalogGate.ready),
      followTrust(bus, signal, (bundle) => {
        cluster.trust(bundle);
        webhook.onBundle();
      }),
      cluster.run(),
      askAbilities(context, environment, (answer) => {
        known = answer;
        clusterGate.ready();
      }),
    ]);
  } finally {
    await webhook.close();
  }
}

/** Once, at start: whoever upgrades a cluster replaces its nodes, and this service with them. */
async function askAbilities(
  { log, signal }: ServiceContext<Config>,
  { clock, cluster }: Environment,
  answered: (abilities: ClusterAbilities) => void,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const abilities = await cluster.abilities();
      log.info('asked the cluster what pods can be made of', { ...abilities });
      return answered(abilities);
    } catch (thrown) {
      log.warn('the cluster does not tell its version yet', { err: MeshError.from(thrown) });
      await pause(clock, retryMs, signal);
    }
  }
}

/** Undefined: plain HTTP, for development. */
async function obtainIdentity(
  certificates: CertificateAsker,
  { meshNamespace, webhookTls }: Config,
): Promise<ServerCertificate | undefined> {
  if (!webhookTls) return undefined;
  return obtainServerCertificate(certificates, { name: 'osm-injector', namespace: meshNamespace });
}
