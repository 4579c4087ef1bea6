import { err, ok, type Result } from '@osm/prelude';
import { asObject, asObjects, asText, type Json, type JsonObject } from './json.ts';
import type { AdmittedPod } from './pod.ts';
import { noForwarding, type ProbeForwarding } from './probes.ts';
import { proxylessNames } from './proxyless-pod.ts';
import { bootstrapFiles, bootstrapSecretName, podNames } from './sidecar.ts';

// A pod that comes with a sidecar is one of two things. Another webhook changed it after the injector, and the API server asks again: the
// sidecar must fit what the pod has become, and nothing else may differ. Or it is a copy of a pod that lives, as `kubectl debug --copy-to`
// makes one: it must have an identity of its own.

/** A pod that comes with a sidecar. */
export interface MountedBootstrap {
  readonly secretName: string;
  /** Set when the pod bears the UUID of that Secret; a copy as a rule does not. */
  readonly proxyUuid: string | undefined;
}

/** The bootstrap Secret that a pod already mounts; undefined for a pod without a sidecar. */
export function mountedBootstrap(pod: AdmittedPod): MountedBootstrap | undefined {
  const volume = pod.volumes.find((each) => each['name'] === podNames.volume);
  const secretName = asText(asObject(volume?.['secret'])?.['secretName']);
  if (secretName === undefined) return undefined;
  const uuid = asText(pod.labels[podNames.uuidLabel]);
  const isItsOwn = uuid !== undefined && bootstrapSecretName(uuid) === secretName;
  return { secretName, proxyUuid: isItsOwn ? uuid : undefined };
}

/** Does the pod that a Secret was made for exist? It becomes the owner as soon as it does. */
export function isOwned(secret: JsonObject): boolean {
  const owners = asObjects(asObject(secret['metadata'])?.['ownerReferences']);
  return owners !== undefined && owners.length > 0;
}

/** What the Secret says of probes that the pod no longer shows. */
export function forwardingOf(secret: JsonObject): ProbeForwarding {
  const text = asText(asObject(asObject(secret['metadata'])?.['annotations'])?.[probesAnnotation]);
  if (text === undefined) return noForwarding;
  try {
    return JSON.parse(text) as ProbeForwarding;
  } catch {
    return noForwarding;
  }
}

/** Of a bootstrap Secret: the probes that its proxy forwards. */
export const probesAnnotation = 'openservicemesh.io/forwarded-probes';

const ours: readonly Json[] = [
  podNames.initContainer,
  podNames.envoyContainer,
  podNames.healthcheckContainer,
  proxylessNames.agentContainer,
];
const ourVolumes: readonly Json[] = [podNames.volume, proxylessNames.volume];

/** The pod without what injection has added, but for the variables and mounts of a proxyless pod, which are not added twice. */
export function withoutSidecar(pod: AdmittedPod): AdmittedPod {
  const isTheirs = ({ name }: JsonObject): boolean => name === undefined || !ours.includes(name);
  return {
    ...pod,
    containers: pod.containers.filter(isTheirs),
    initContainers: pod.initContainers.filter(isTheirs),
    volumes: pod.volumes.filter(({ name }) => name === undefined || !ourVolumes.includes(name)),
  };
}

/**
 * What an injected pod becomes: as `wanted`, with what the API server has filled in and others have added to containers and volumes of
 * the sidecar since. A pod that has all that is wanted stays as it is.
 */
export function keepWhatFits(before: AdmittedPod, wanted: JsonObject): JsonObject {
  const spec = asObject(wanted['spec']) ?? {};
  const keep = (found: readonly JsonObject[], list: Json | undefined): readonly JsonObject[] =>
    (asObjects(list) ?? []).map((each) => {
      const same = found.find(({ name }) => name === each['name']);
      if (same === undefined) return each;
      return includes(same, each) ? same : { ...same, ...each };
    });
  return {
    ...wanted,
    spec: {
      ...spec,
      volumes: keep(before.volumes, spec['volumes']),
      initContainers: keep(before.initContainers, spec['initContainers']),
      containers: keep(before.containers, spec['containers']),
    },
  };
}

/** Has `found` all that `wanted` has? Of objects every field, of lists of objects every element, of other lists the same elements. */
function includes(found: Json | undefined, wanted: Json): boolean {
  const object = asObject(wanted);
  if (object !== undefined) {
    const other = asObject(found);
    if (other === undefined) return false;
    return Object.entries(object).every(([key, value]) => includes(other[key], value));
  }
  if (!Array.isArray(wanted)) return found === wanted;
  const list: readonly Json[] = wanted;
  if (!Array.isArray(found)) return false;
  const others: readonly Json[] = found;
  if (asObject(list[0]) === undefined) return JSON.stringify(list) === JSON.stringify(others);
  return list.every((value) => others.some((other) => includes(other, value)));
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
