import { renderJson, secretNames } from './bootstrap.ts';
import { probesAnnotation } from './injected-pod.ts';
import { asObject, type JsonObject } from './json.ts';
import type { ProbeForwarding } from './probes.ts';
import { bootstrapDirectory, bootstrapFiles, bootstrapSecretName } from './sidecar.ts';

/** What goes into the Secret of one proxy. */
export interface BootstrapSecretRequest {
  readonly proxyUuid: string;
  readonly namespace: string;
  readonly bootstrap: JsonObject;
  readonly probes: ProbeForwarding;
  readonly certificate: BootstrapCertificate;
  /** For the labels of the object. */
  readonly meshName: string;
  readonly version: string;
}

/** A proxy's client certificate towards the xDS server. */
export interface BootstrapCertificate {
  readonly chainPem: string;
  readonly privateKeyPem: string;
  readonly rootsPem: readonly string[];
  /** Which roots these are: a rotation of the root must know who does not trust the new one yet. */
  readonly trustBundleId: string;
}

/** The Kubernetes Secret that the envoy container mounts. It holds a private key: its files are for the owner only. */
export function emitBootstrapSecret(request: BootstrapSecretRequest): JsonObject {
  const { certificate } = request;
  const files: Readonly<Record<string, string>> = {
    [bootstrapFiles.bootstrap]: renderJson(request.bootstrap),
    [bootstrapFiles.certificateSecret]: renderJson(certificateSds),
    [bootstrapFiles.validationSecret]: renderJson(validationSds),
    [bootstrapFiles.roots]: certificate.rootsPem.join(''),
    [bootstrapFiles.chain]: certificate.chainPem,
    [bootstrapFiles.key]: certificate.privateKeyPem,
  };
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: bootstrapSecretName(request.proxyUuid),
      namespace: request.namespace,
      labels: {
        'app.kubernetes.io/name': 'openservicemesh.io',
        'app.kubernetes.io/instance': request.meshName,
        'app.kubernetes.io/version': request.version,
      },
      annotations: {
        'openservicemesh.io/trust-bundle-id': certificate.trustBundleId,
        ...probesNote(request.probes),
      },
    },
    type: 'Opaque',
    data: Object.fromEntries(Object.entries(files).map(([key, text]) => [key, base64(text)])),
  };
}

/** Nothing for a pod without probes. */
function probesNote(probes: ProbeForwarding): JsonObject {
  const isEmpty = probes.http.length + probes.grpc.length === 0;
  return isEmpty ? {} : { [probesAnnotation]: JSON.stringify(probes) };
}

/** A Secret of a pod that has changed before it came into being: the same certificate, another bootstrap. */
export function renewBootstrapSecret(
  secret: JsonObject,
  { bootstrap, probes }: Pick<BootstrapSecretRequest, 'bootstrap' | 'probes'>,
): JsonObject {
  const { name, namespace, labels = {}, annotations } = asObject(secret['metadata']) ?? {};
  return {
    ...secret,
    metadata: {
      ...{ name: name ?? '', namespace: namespace ?? '', labels },
      annotations: { ...asObject(annotations), ...probesNote(probes) },
    },
    data: {
      ...asObject(secret['data']),
      [bootstrapFiles.bootstrap]: base64(renderJson(bootstrap)),
    },
  };
}

const watchedDirectory = { path: bootstrapDirectory };
const certificateSds = sdsResponse(secretNames.certificate, {
  tls_certificate: {
    certificate_chain: file(bootstrapFiles.chain),
    private_key: file(bootstrapFiles.key),
    watched_directory: watchedDirectory,
  },
});
const validationSds = sdsResponse(secretNames.validation, {
  validation_context: {
    trusted_ca: file(bootstrapFiles.roots),
    watched_directory: watchedDirectory,
  },
});

/** A DiscoveryResponse, as Envoy reads secrets from files. */
function sdsResponse(name: string, secret: JsonObject): JsonObject {
  const type = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret';
  return { resources: [{ '@type': type, name, ...secret }] };
}

function file(name: string): JsonObject {
  return { filename: `${bootstrapDirectory}/${name}` };
}

function base64(text: string): string {
  let binary = '';
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary);
}
