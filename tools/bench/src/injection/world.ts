import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { freePort } from '@osm/bus';
import { openApiServer, type ApiServer } from '@osm/kubernetes';
import { MeshError } from '@osm/prelude';
import { createMeshDirectory } from '../mesh/mesh-directory.ts';
import { meshConfigManifest, meshedNamespaceManifest } from '../mesh/manifests.ts';
import type { Cleanup } from '../world/cleanup.ts';
import { issue } from '../world/certificates.ts';
import { startBusServer } from '../world/nats.ts';
import { startServices, waitUntilReady, type ServiceName } from '../world/services.ts';
import type { InjectionOptions } from './options.ts';

/** A namespace of the mesh, an injector that serves it, and whom the injector needs. */
export interface InjectionWorld {
  readonly url: string;
  /** Who signed the webhook's certificate, PEM. */
  readonly roots: string;
  /** Process ids. */
  readonly pids: ReadonlyMap<ServiceName, number>;
  /** Bootstrap Secrets that are there. */
  readonly secrets: () => Promise<number>;
}

export const namespace = 'osm-bench';
export const serviceAccount = 'bench';

const needed: readonly ServiceName[] = ['catalog-watcher', 'certificate-manager', 'injector'];
const readyMs = 60_000;

/** Starts NATS and the services; the cleanup ends them, and the namespace with its Secrets. */
export async function startInjectionWorld(
  options: InjectionOptions,
  cleanup: Cleanup,
): Promise<InjectionWorld> {
  const state = await mkdtemp(join(tmpdir(), 'osm-bench-'));
  await cleanup.add(() => rm(state, { recursive: true, force: true }));
  const server = options.kubeconfig === undefined ? undefined : await openCluster(options, cleanup);
  const directory = await createMeshDirectory(state, [
    { name: 'mesh.json', text: mesh.map((manifest) => JSON.stringify(manifest)).join('\n---\n') },
  ]);
  const nats = await startBusServer(state);
  await cleanup.add(nats.close);
  const port = await freePort('127.0.0.1');
  const secretDirectory = join(state, 'secrets');
  const store =
    options.kubeconfig === undefined
      ? ['--secret-directory', secretDirectory]
      : ['--kubeconfig', resolve(options.kubeconfig)];
  const services = await startServices({
    bundles: resolve(options.bundles),
    directory: state,
    meshDirectory: directory.path,
    natsUrl: nats.url,
    credentials: nats.credentials,
    xdsPort: 15128,
    only: needed,
    injectorFlags: ['--webhook-port', String(port), ...store],
    nodeFlags: () => [],
  });
  const children = [...services.values()].map(({ child }) => child);
  await cleanup.add(async () => {
    await Promise.all(children.map((child) => child.stop()));
  });
  await waitUntilReady(services, readyMs);
  const bus = await nats.connect();
  await cleanup.add(bus.close);
  const own = { name: 'osm-injector', dnsNames: [] };
  const { rootsPem } = await issue(bus, { kind: { $case: 'controlPlane', value: own } });
  return {
    url: `https://localhost:${port}/mutate-pod-creation`,
    roots: rootsPem,
    pids: new Map([...services].map(([name, { child }]) => [name, child.pid])),
    secrets: () => (server === undefined ? countFiles(secretDirectory) : countSecrets(server)),
  };
}

const mesh = [
  meshedNamespaceManifest(namespace),
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: serviceAccount, namespace } },
  meshConfigManifest({ permissive: false, egress: false }),
];

const namespacesPath = '/api/v1/namespaces';

/** The namespace has no label of the mesh there: the webhook of an installation must not care for it. */
async function openCluster(options: InjectionOptions, cleanup: Cleanup): Promise<ApiServer> {
  const server = openApiServer(options);
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
  try {
    await server.ask({ method: 'POST', path: namespacesPath, body });
  } catch (thrown) {
    const error = MeshError.from(thrown);
    if (error.code !== 'api_conflict') throw error;
    const remedy = `delete it when it is of an earlier run: kubectl delete namespace ${namespace}`;
    throw new MeshError('api_conflict', `the namespace ${namespace} exists: ${remedy}`);
  }
  await cleanup.add(async () => {
    await server.ask({ method: 'DELETE', path: `${namespacesPath}/${namespace}` });
  });
  return server;
}

async function countSecrets(server: ApiServer): Promise<number> {
  const list = (await server.ask({ path: `${namespacesPath}/${namespace}/secrets` })) as {
    readonly items: readonly unknown[];
  };
  return list.items.length;
}

async function countFiles(directory: string): Promise<number> {
  return (await readdir(directory)).length;
}
