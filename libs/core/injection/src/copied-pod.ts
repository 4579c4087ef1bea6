import { err, ok, type Result } from '@osm/prelude';
import { asObject, asText, type Json, type JsonObject } from './json.ts';
import type { AdmittedPod } from './pod.ts';
import { bootstrapFiles, bootstrapSecretName, podNames } from './sidecar.ts';

/**
 * The bootstrap Secret that a pod already mounts: it is a copy of an injected pod, as `kubectl debug --copy-to` makes one.
 * Undefined for any other pod.
 */
export function mountedBootstrapSecret(pod: AdmittedPod): string | undefined {
  const volume = pod.volumes.find((each) => each['name'] === podNames.volume);
  return asText(asObject(volume?.['secret'])?.['secretName']);
}

/** Makes a copy a proxy of its own: another UUID and another Secret, nothing else. */
export function renewCopiedPod(pod: AdmittedPod, proxyUuid: string): JsonObject {
  const renew = (volume: JsonObject): JsonObject => ({
    ...volume,
    secret: { ...asObject(volume['secret']), secretName: bootstrapSecretName(proxyUuid) },
  });
  return {
    ...pod.document,
    metadata: { ...pod.metadata, labels: { ...pod.labels, [podNames.uuidLabel]: proxyUuid } },
    spec: {
      ...pod.spec,
      volumes: pod.volumes.map((volume) =>
        volume['name'] === podNames.volume ? renew(volume) : volume,
      ),
    },
  };
}

/**
 * The bootstrap of the original, for the copy: the original ports of its probes are known there only. The error says what is wrong
 * with the Secret.
 */
export function copyBootstrap(secret: JsonObject, proxyUuid: string): Result<JsonObject, string> {
  const text = asText(asObject(secret['data'])?.[bootstrapFiles.bootstrap]);
  if (text === undefined) return err(`it has no ${bootstrapFiles.bootstrap}`);
  const bootstrap = asObject(parseJson(text));
  if (bootstrap === undefined) return err(`its ${bootstrapFiles.bootstrap} is not of this mesh`);
  return ok({ ...bootstrap, node: { ...asObject(bootstrap['node']), id: proxyUuid } });
}

function parseJson(base64: string): Json | undefined {
  try {
    return JSON.parse(atob(base64)) as Json;
  } catch {
    return undefined;
  }
}
