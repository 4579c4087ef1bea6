import type { Namespace } from '@osm/model';
import { Injection } from '@osm/proto-mesh';
import { badInjectionWish, parseInjectionWish } from './annotations.ts';
import type { AdmittedPod } from './pod.ts';

/** What to do about a pod. The texts are for people. */
export type InjectionDecision =
  | { readonly kind: 'inject' }
  | { readonly kind: 'skip'; readonly reason: string }
  | { readonly kind: 'deny'; readonly message: string };

export interface DecisionRequest {
  readonly pod: AdmittedPod;
  readonly namespaceName: string;
  /** As the catalog has it; undefined = it does not belong to the mesh. */
  readonly namespace: Namespace | undefined;
  /** Where the control plane runs: never injected. */
  readonly meshNamespace: string;
}

const systemNamespaces: readonly string[] = ['kube-system', 'kube-public'];

/** When a pod is injected, as OSM. A wrong annotation denies, even when the other one would decide alone. */
export function decideInjection(request: DecisionRequest): InjectionDecision {
  const { pod, namespace, namespaceName } = request;
  if (pod.hostNetwork) return skip('the pod uses the network of its host');
  if (systemNamespaces.includes(namespaceName) || namespaceName === request.meshNamespace)
    return skip(`namespace ${namespaceName} belongs to the system`);
  if (namespace === undefined)
    return skip(`namespace ${namespaceName} does not belong to the mesh`);
  if (namespace.ignored)
    return skip(`namespace ${namespaceName} has the label openservicemesh.io/ignore`);
  const wish = parseInjectionWish(pod.annotations);
  if (wish.kind === 'error') return { kind: 'deny', message: `pod: ${wish.error}` };
  if (namespace.injection === Injection.INJECTION_INVALID) {
    const problem = badInjectionWish(namespace.injectionText);
    return { kind: 'deny', message: `namespace ${namespaceName}: ${problem}` };
  }
  if (wish.value === 'disabled') return skip('the pod asks for no sidecar');
  const wanted = wish.value === 'enabled' || namespace.injection === Injection.INJECTION_ENABLED;
  if (!wanted) return skip(`neither the pod nor namespace ${namespaceName} asks for a sidecar`);
  // OSM adds an Envoy and no redirection there, which no current node can use.
  if (pod.windows) return skip('the pod wants a Windows node, where there is no sidecar');
  return { kind: 'inject' };
}

function skip(reason: string): InjectionDecision {
  return { kind: 'skip', reason };
}
