import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bootstrapFiles, proxylessFiles } from '@osm/injection';
import { MeshError, type Clock } from '@osm/prelude';
import { createRpcClient, startRelay } from '@osm/rpc';
import type { ServiceContext } from '@osm/runtime';
import type { Config } from './config.ts';
import { adsPath, followSecrets } from './follow-secrets.ts';
import { createAgentMetrics } from './metrics.ts';
import { replaceFile, type SecretFile } from './secret-files.ts';

interface Environment {
  readonly clock: Pick<Clock, 'after'>;
}

/**
 * Writes the pod's identity and the mesh's roots to files whenever they change, and passes the application's ADS streams on to the xDS
 * server. Ready, which holds the application until then, when all of it is there once. Returns after the signal.
 */
export async function runAgent(
  { config, log, metrics, readiness, signal }: ServiceContext<Config>,
  { clock }: Environment,
): Promise<void> {
  const counters = createAgentMetrics(metrics);
  const gates = new Map(
    ['identity', 'trust'].map((secret) => {
      const gate = readiness.gate(secret);
      gate.notReady('waiting for the xDS server');
      return [secret, gate];
    }),
  );
  const bootstrap = await readBootstrap(config);
  const upstream = createUpstream(config);
  await mkdir(config.directory, { recursive: true });
  const socket = join(config.directory, proxylessFiles.socket);
  const relay = await startRelay({ socket, paths: [adsPath], upstream });
  await replaceFile(config.directory, proxylessFiles.bootstrap, bootstrap.text);
  const onSecret = async ({ secret, file, text }: SecretFile): Promise<void> => {
    await replaceFile(config.directory, file, text);
    counters.secrets.inc({ secret });
    log.info('written', { secret });
    gates.get(secret)?.ready();
  };
  try {
    const { nodeId } = bootstrap;
    await followSecrets({ client: upstream, nodeId, clock, log, signal, onSecret });
  } finally {
    relay.close();
    upstream.close();
  }
}

function createUpstream({ bootstrapDirectory, trustDomain, xdsAddress }: Config) {
  const file = (name: string): string => join(bootstrapDirectory, name);
  return createRpcClient({
    addresses: xdsAddress,
    tls: {
      chainFile: file(bootstrapFiles.chain),
      keyFile: file(bootstrapFiles.key),
      rootsFile: file(bootstrapFiles.roots),
      serverName: `ads.${trustDomain}`,
    },
  });
}

/** The bootstrap of gRPC as the injector made it, and the node id in it. */
async function readBootstrap({
  bootstrapDirectory,
}: Config): Promise<{ readonly text: string; readonly nodeId: string }> {
  const path = join(bootstrapDirectory, bootstrapFiles.bootstrap);
  try {
    const text = await readFile(path, 'utf8');
    const document = JSON.parse(text) as { readonly node?: { readonly id?: unknown } };
    const nodeId = document.node?.id;
    if (typeof nodeId === 'string') return { text, nodeId };
    throw new Error('it has no node.id');
  } catch (cause) {
    throw new MeshError('invalid_config', `${path} is not the bootstrap of a proxyless pod`, {
      cause,
    });
  }
}
