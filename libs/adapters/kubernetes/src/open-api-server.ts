import { createApiServer, type ApiServer } from './api-server.ts';
import { loadApiCredentials } from './credentials.ts';

/** Which cluster; what is left out or empty is what kubectl would take. */
export interface ClusterChoice {
  readonly kubeconfig?: string | undefined;
  /** Of the kubeconfig; default its current one. */
  readonly context?: string | undefined;
}

/**
 * The API server that a kubeconfig names, else that of `KUBECONFIG`, of `~/.kube/config` or of the pod, in this order. Asks nothing yet.
 *
 * @throws MeshError `invalid_config` when there is none, or it names no cluster.
 */
export function openApiServer({ kubeconfig, context }: ClusterChoice = {}): ApiServer {
  return createApiServer(
    loadApiCredentials({ kubeconfig: kubeconfig || undefined, context: context || undefined }),
  );
}
