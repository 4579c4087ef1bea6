import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import {
  copyBootstrap,
  emitBootstrapSecret,
  forwardingOf,
  injectAgain,
  injectPod,
  isOwned,
  noForwarding,
  renewBootstrapSecret,
  type AlreadyInjected,
  type ClusterAbilities,
  type InjectionRequest,
  type JsonObject,
  type ProbeForwarding,
} from '@osm/injection';
import type { Identity, Namespace } from '@osm/model';
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
  /** The API server asks about pods of the mesh only, and may know of a new namespace before the catalog does. */
  readonly asksForMembersOnly: boolean;
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
  const namespace = await namespaceOf(options, request.namespace);
  if (namespace === undefined && options.asksForMembersOnly)
    return { kind: 'deny', message: unknownNamespace(request.namespace) };
  const injection: InjectionRequest = {
    pod: request.object,
    namespaceName: request.namespace,
    namespace,
    meshNamespace: config.meshNamespace,
    settings,
    proxyUuid: randomUUID(),
    images: {
      envoy: config.defaultEnvoyImage,
      init: config.defaultInitContainerImage,
      healthcheck: config.defaultHealthcheckContainerImage,
      agent: config.defaultProxylessAgentImage,
      pullPolicy: config.osmContainerPullPolicy,
    },
    abilities,
    xdsAddresses: config.xdsAddress,
  };
  const facts = { namespace: request.namespace, uid: request.uid };
  const result = injectPod(injection);
  switch (result.kind) {
    case 'skip':
      log.debug('pod without sidecar', { ...facts, reason: result.reason });
      return { kind: 'allow' };
    case 'deny':
      log.warn('pod denied', { ...facts, reason: result.message });
      return result;
    case 'inject':
      return admitNew(options, request, { proxyUuid: injection.proxyUuid, ...result });
    case 'injected':
      return admitInjected(options, request, { injection, result });
  }
}

/** A namespace and its first pods are often created in one breath. */
const namespaceMs = 3_000;

function namespaceOf(
  { asksForMembersOnly, mesh }: AdmitOptions,
  name: string,
): Promise<Namespace | undefined> {
  return asksForMembersOnly
    ? mesh.namespaceSoon(name, namespaceMs)
    : Promise.resolve(mesh.namespace(name));
}

/** Without a sidecar it would run outside the mesh, and nobody would know (OSM let it). */
function unknownNamespace(name: string): string {
  return (
    `namespace ${name} has the label of this mesh, which has not heard of it within ${namespaceMs / 1000} s: ` +
    'create the pod again in a moment; if that does not help, see whether osm-catalog-watcher runs'
  );
}

interface NewProxy extends ProxyBootstrap {
  readonly pod: JsonObject;
  readonly warnings: readonly string[];
}

async function admitNew(
  options: AdmitOptions,
  { dryRun, namespace, uid }: AdmissionRequest,
  proxy: NewProxy,
): Promise<Admission> {
  const { pod, warnings, proxyUuid } = proxy;
  // A dry run leaves no trace: no certificate, no Secret.
  if (!dryRun) await storeBootstrap(options, proxy);
  options.log.info('sidecar injected', { namespace, uid, proxyUuid, dryRun });
  return { kind: 'patch', pod, warnings };
}

interface InjectedPod {
  readonly injection: InjectionRequest;
  readonly result: AlreadyInjected;
}

/** The API server asks again about the same pod, after another webhook has changed it; or the pod is a copy of another one. */
async function admitInjected(
  options: AdmitOptions,
  request: AdmissionRequest,
  { injection, result }: InjectedPod,
): Promise<Admission> {
  const { identity, secretName, proxyUuid } = result;
  const { dryRun } = request;
  // Of a dry run nothing was stored, and a pod that bears the UUID of its own Secret can be the same one only.
  const secret = dryRun ? undefined : await options.secrets.read(identity.namespace, secretName);
  const isAgain = proxyUuid !== undefined && (dryRun || (secret !== undefined && !isOwned(secret)));
  if (!isAgain) {
    const bootstrap = dryRun ? {} : bootstrapOfCopy(secret, secretName, injection.proxyUuid);
    const probes = secret === undefined ? noForwarding : forwardingOf(secret);
    const { copy: pod } = result;
    const proxy = { proxyUuid: injection.proxyUuid, identity, bootstrap, probes, pod };
    return admitNew(options, request, { ...proxy, warnings: [] });
  }
  const known = secret === undefined ? noForwarding : forwardingOf(secret);
  const again = injectAgain({ ...injection, proxyUuid }, known);
  if (again.kind === 'deny') return again;
  if (secret !== undefined) {
    const renewed = renewBootstrapSecret(secret, again);
    if (!isDeepStrictEqual(renewed['data'], secret['data'])) await options.secrets.write(renewed);
  }
  return { kind: 'patch', pod: again.pod, warnings: again.warnings };
}

function bootstrapOfCopy(
  secret: JsonObject | undefined,
  secretName: string,
  proxyUuid: string,
): JsonObject {
  const bootstrap = secret === undefined ? err('there is none') : copyBootstrap(secret, proxyUuid);
  if (bootstrap.kind === 'ok') return bootstrap.value;
  throw new MeshError(
    'not_found',
    `the pod is a copy of one with a sidecar, but Secret ${secretName} of the original cannot be used: ` +
      `${bootstrap.error}. Create the pod from its original manifest`,
  );
}

interface ProxyBootstrap {
  readonly proxyUuid: string;
  readonly bootstrap: JsonObject;
  readonly probes: ProbeForwarding;
  readonly identity: Identity;
}

async function storeBootstrap(
  { certificates, config, metrics, secrets, version }: AdmitOptions,
  { proxyUuid, bootstrap, probes, identity }: ProxyBootstrap,
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
      probes,
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
