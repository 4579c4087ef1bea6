import { Agent, type RequestOptions } from 'node:https';
// The package's index brings every type of Kubernetes along, 75 MB in memory; this file reads kubeconfigs and nothing else.
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { MeshError } from '@osm/prelude';

/** How to reach an API server, and as whom. */
export interface ApiCredentials {
  /** Without a slash at the end. */
  readonly url: string;
  /** Agent and headers for the next request; tokens are renewed as their sources change. */
  readonly next: () => Promise<{
    readonly agent: Agent | undefined;
    readonly headers: Readonly<Record<string, string>>;
  }>;
}

/**
 * Reads `KUBECONFIG`, `~/.kube/config`, or the service account of the pod, in this order, as kubectl does.
 *
 * @throws MeshError `invalid_config` when there is none, or it names no cluster.
 */
export function loadApiCredentials(
  options: { readonly kubeconfig?: string | undefined; readonly context?: string | undefined } = {},
): ApiCredentials {
  const config = new KubeConfig();
  try {
    if (options.kubeconfig === undefined) config.loadFromDefault();
    else config.loadFromFile(options.kubeconfig);
    if (options.context !== undefined) config.setCurrentContext(options.context);
  } catch (thrown) {
    const { message } = MeshError.from(thrown);
    throw new MeshError('invalid_config', `cannot read the kubeconfig: ${message}`, {
      cause: thrown,
    });
  }
  const cluster = config.getCurrentCluster();
  // The package's own default, where nothing is configured.
  if (cluster === null || cluster.server === 'http://localhost:8080') {
    const remedy = 'set KUBECONFIG to a file whose current context names a cluster';
    throw new MeshError('invalid_config', `no Kubernetes cluster is configured; ${remedy}`);
  }
  return { url: cluster.server.replace(/\/$/, ''), next: followCredentials(config) };
}

/** One agent as long as the certificates stay the same, so that connections are used again. */
function followCredentials(config: KubeConfig): ApiCredentials['next'] {
  let current: { readonly agent: Agent; readonly of: readonly unknown[] } | undefined;
  return async () => {
    const options: RequestOptions & { proxy?: unknown } = { headers: {} };
    await config.applyToHTTPSOptions(options);
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(options.headers ?? {})) {
      if (value !== undefined) headers[name] = String(value);
    }
    if (typeof options.auth === 'string') {
      headers['authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`;
    }
    const { ca, cert, key, servername, rejectUnauthorized } = options;
    const of = [ca, cert, key, servername, rejectUnauthorized].map(String);
    if (current === undefined || !of.every((value, index) => value === current?.of[index])) {
      current?.agent.destroy();
      const agent = new Agent({
        keepAlive: true,
        ...(ca === undefined ? {} : { ca }),
        ...(cert === undefined ? {} : { cert }),
        ...(key === undefined ? {} : { key }),
        ...(servername === undefined ? {} : { servername }),
        ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
      });
      current = { agent, of };
    }
    return {
      agent:
        config.getCurrentCluster()?.server.startsWith('https:') === true
          ? current.agent
          : undefined,
      headers,
    };
  };
}
