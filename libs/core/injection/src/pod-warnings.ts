import { isNativeSidecar, type SidecarForm } from './form.ts';
import { asObject, type Json, type JsonObject } from './json.ts';
import type { AdmittedPod } from './pod.ts';
import { probeTypes } from './probes.ts';
import { sidecarUid } from './sidecar.ts';

/** What will surprise the person who created a pod. */
export function podWarnings(pod: AdmittedPod, form: SidecarForm): readonly string[] {
  const podUser = runAsUser(pod.spec);
  const all = [...pod.containers, ...pod.initContainers.filter(isNativeSidecar)];
  const asProxy = all
    .filter((container) => (runAsUser(container) ?? podUser) === sidecarUid)
    .map(
      (container) =>
        `container "${String(container['name'])}" runs as user ${sidecarUid}, the proxy's: its traffic bypasses the mesh`,
    );
  const both = [...asProxy, ...all.flatMap(failingHooks)];
  return form === 'native' ? both : [...both, ...unreachableProbes(pod)];
}

/**
 * The kubelet calls hooks as it calls probes, but they stay as they are: what they do is not for everybody who reaches the pod, and a port
 * of the proxy for them would be.
 */
function failingHooks(container: JsonObject): readonly string[] {
  const lifecycle = asObject(container['lifecycle']);
  return ['postStart', 'preStop']
    .filter((hook) => asObject(lifecycle?.[hook])?.['httpGet'] !== undefined)
    .map(
      (hook) =>
        `${hook} of container "${String(container['name'])}" is an HTTP call of the kubelet, which the redirection does not let through: ` +
        'use a command, or exclude its port from interception',
    );
}

function unreachableProbes(pod: AdmittedPod): readonly string[] {
  return pod.initContainers
    .filter(isNativeSidecar)
    .filter((container) => probeTypes.some((type) => container[`${type}Probe`] !== undefined))
    .map(
      (container) =>
        `probes of "${String(container['name'])}" fail once the pod is redirected: the proxy of the classic form starts after it. ` +
        'Set sidecar.containerForm of the MeshConfig to Native, or probe by command',
    );
}

function runAsUser(owner: JsonObject): Json | undefined {
  const context = owner['securityContext'];
  return typeof context === 'object' && context !== null && 'runAsUser' in context
    ? context.runAsUser
    : undefined;
}
