import { err, ok, sortedBy, type Result } from '@osm/prelude';
import type { PodView } from '../pods/pod-view.ts';

/**
 * The pod that NAMESPACE/NAME means: the pod of that name, or a pod of the Deployment of that name (a ready one if there is one,
 * else the first by name). The error lists the pods that exist.
 */
export function findPod<T extends Pick<PodView, 'namespace' | 'name' | 'owner' | 'ready'>>(
  reference: string,
  pods: readonly T[],
): Result<T, string> {
  const match = /^([^/\s]+)\/([^/\s]+)$/.exec(reference);
  if (match === null) return err(`"${reference}" is not NAMESPACE/POD. ${listing(pods)}`);
  const [, namespace, name] = match;
  const near = sortedBy(
    pods.filter((pod) => pod.namespace === namespace),
    (pod) => pod.name,
  );
  const owned = near.filter((pod) => pod.owner === name);
  const found = near.find((pod) => pod.name === name) ?? owned.find((pod) => pod.ready) ?? owned[0];
  return found === undefined ? err(`There is no pod ${reference}. ${listing(pods)}`) : ok(found);
}

function listing(pods: readonly Pick<PodView, 'namespace' | 'name'>[]): string {
  if (pods.length === 0) return 'There are no pods.';
  const names = pods.map((pod) => `${pod.namespace}/${pod.name}`).sort();
  return `These exist:\n${names.map((name) => `  ${name}`).join('\n')}`;
}
