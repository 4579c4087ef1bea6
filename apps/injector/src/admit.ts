import { randomUUID } from 'node:crypto';
import {
  copyBootstrap,
  emitBootstrapSecret,
  injectPod,
  type ClusterAbilities,
  type InjectionResult,
  type JsonObject,
} from '@osm/injection';
import type { Identity } from '@osm/model';
import { obtainCertificate, type CertificateAsker } from '@osm/pki';
import { err, MeshError } from '@osm/prelude';
import type { Logger } from '@osm/telemetry';
import type { Admit, AdmissionRequest } from '@osm/webhook';
import { answerOf, type Admission } from './admission.ts';
import type { Config } from './config.ts';
import type { MeshView } from './mesh-view.ts';
import type { InjectorMetrics } from './metrics.ts';
import type { SecretStore } from './secret-store.ts';

export interface AdmitOptions {
  /** Of the cluster; undefined until it has told. */
  readonly abilities: () => ClusterAbilities | undefined;
  readonly certificates: CertificateAsker;
  readonly config: Config;
  readonly log: Logger;
  readonly mesh: MeshView;
  readonly metrics: InjectorMetrics;
  readonly secrets: SecretStore;
  readonly version: string;
}

/** Decides about a pod, and for one that gets a sidecar makes its key, certificate and bootstrap Secret. */
export function createAdmit(options: AdmitOptions): Admit {
  const { log, metrics } = options;
  return async (request) => {
    const admission = await admitPod(options, request).catch((thrown: unknown): Admission => {
      const error = MeshError.from(thrown);
      log.error('admission failed', { err: error, namespace: request.namespace });
      return { kind: 'deny', message: `no sidecar for this pod: ${error.message}` };
    });
    if (admission === undefined) return undefined;
    const { kind } = request.kind;
    metrics.responses.inc({ kind, success: String(admission.kind !== 'deny') });
    return answerOf(request.object, admission);
  };
}

async function admitPod(
  options: AdmitOptions,
  request: AdmissionRequest,
): Promise<Admission | undefined> {
  const { config, log, mesh } = options;
  const settings = mesh.settings();
  const abilities = options.abilities();
  if (settings === undefined || abilities === undefined) return undefined;
  const proxyUuid = randomUUID();
  const result = injectPod({
    pod: request.object,
    namespaceName: request.namespace,
    namespace: mesh.namespace(request.namespace),
    meshNamespace: config.meshNamespace,
    settings,
    proxyUuid,
    images: {
      envoy: config.defaultEnvoyImage,
      init: config.defaultInitContainerImage,
      healthcheck: config.defaultHealthcheckContainerImage,
      agent: config.defaultProxylessAgentImage,
      pullPolicy: config.osmContainerPullPolicy,
    },
    abilities,
    xdsAddresses: config.xdsAddress,
  });
  const facts = { namespace: request.namespace, uid: request.uid };
  switch (result.kind) {
    case 'skip':
      log.debug('pod without sidecar', { ...facts, reason: result.reason });
      return { kind: 'allow' };
    case 'deny':
      log.warn('pod denied', { ...facts, reason: result.message });
      return result;
    case 'inject':
    case 'copy': {
      const { dryRun } = request;
      // A dry run leaves no trace: no certificate, no Secret.
      if (!dryRun) {
        const bootstrap =
          result.kind === 'inject'
            ? result.bootstrap
            : await bootstrapOfCopy(options, result, proxyUuid);
        await storeBootstrap(options, { proxyUuid, bootstrap, identity: result.identity });
      }
      log.info('sidecar injected', { ...facts, proxyUuid, dryRun, copy: result.kind === 'copy' });
      const warnings = result.kind === 'inject' ? result.warnings : [];
      return { kind: 'patch', pod: result.pod, warnings };
    }
  }
}

async function bootstrapOfCopy(
  { secrets }: AdmitOptions,
  { identity, originalSecretName }: InjectionResult & { readonly kind: 'copy' },
  proxyUuid: string,
): Promise<JsonObject> {
  const secret = await secrets.read(identity.namespace, originalSecretName);
  const bootstrap = secret === undefined ? err('there is none') : copyBootstrap(secret, proxyUuid);
  if (bootstrap.kind === 'ok') return bootstrap.value;
  throw new MeshError(
    'not_found',
    `the pod is a copy of one with a sidecar, but Secret ${originalSecretName} of the original cannot be used: ` +
      `${bootstrap.error}. Create the pod from its original manifest`,
  );
}

interface ProxyBootstrap {
  readonly proxyUuid: string;
  readonly bootstrap: JsonObject;
  readonly identity: Identity;
}

async function storeBootstrap(
  { certificates, config, metrics, secrets, version }: AdmitOptions,
  { proxyUuid, bootstrap, identity }: ProxyBootstrap,
): Promise<void> {
  const { clock } = certificates;
  const startMs = clock.now();
  const value = { uuid: proxyUuid, ...identity };
  const certificate = await obtainCertificate(certificates, { kind: { $case: 'proxy', value } });
  metrics.issuedCount.inc();
  metrics.issuedSeconds.observe((clock.now() - startMs) / 1000);
  await secrets.write(
    emitBootstrapSecret({
      proxyUuid,
      namespace: identity.namespace,
      bootstrap,
      certificate: {
        chainPem: certificate.chainPem,
        privateKeyPem: certificate.privateKeyPem.reveal(),
        rootsPem: certificate.bundle.rootsPem,
        trustBundleId: certificate.bundle.id,
      },
      meshName: config.meshName,
      version,
    }),
  );
}
