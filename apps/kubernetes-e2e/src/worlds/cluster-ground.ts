import { worldClient, type WorldGround } from '@osm/playground';
import {
  kubectl,
  kubectlCommand,
  kubectlJson,
  tryApply,
  type Manifest,
} from '../harness/kubectl.ts';
import { changeMeshConfig } from '../harness/mesh.ts';
import { isReady, podsOf, type Pod } from '../harness/pods.ts';
import { run } from '../harness/run.ts';
import { until } from '../harness/waiting.ts';

/** The cluster of KUBECONFIG, for a world with these namespaces. */
export function clusterGround(namespaces: readonly string[]): WorldGround {
  return {
    changeSettings: (patch) => changeMeshConfig(patch),
    apply: applyInOrder,
    delete: async (args) => {
      await kubectl('delete', '--ignore-not-found', '--wait=true', ...args);
    },
    restart: async (namespace, name) => {
      await kubectl('rollout', 'restart', '-n', namespace, `deployment/${name}`);
    },
    awaitReady: async (ignored, timeoutMs) => {
      let waiting: readonly string[] = [];
      await until(`pods of ${namespaces.join(', ')}`, timeoutMs, async () => {
        waiting = (await Promise.all(namespaces.map((name) => unready(name, ignored)))).flat();
        return waiting.length === 0 ? undefined : waiting.join(', ');
      }).catch(() => undefined);
      return waiting;
    },
    addresses,
    send: async ({ namespace, app, input, timeoutMs }) => {
      const pod = named(await podsOf(namespace), app)[0];
      if (pod === undefined) throw new Error(`there is no pod ${namespace}/${app}`);
      const exec = ['exec', '-i', '-n', namespace, pod.metadata.name, '-c', 'app', '--'];
      const ended = await run([...kubectlCommand, ...exec, ...worldClient], {
        input,
        limitMs: timeoutMs,
      });
      return { output: ended.output, said: ended.errors };
    },
    clear: async () => {
      await kubectl('delete', 'namespace', '--ignore-not-found', '--wait=true', ...namespaces);
    },
  };

  async function addresses(): ReturnType<WorldGround['addresses']> {
    const pods = new Map<string, readonly Pod[]>();
    const services = new Map<string, string>();
    for (const namespace of namespaces) {
      pods.set(namespace, await podsOf(namespace));
      const { items } = await kubectlJson<{ items: readonly ServiceManifest[] }>(
        ...['get', 'services', '-n', namespace],
      );
      for (const { metadata, spec } of items)
        services.set(`${namespace}/${metadata.name}`, spec.clusterIP);
    }
    return {
      pods: (namespace, app) =>
        named(pods.get(namespace) ?? [], app).map(({ metadata, status }) => ({
          name: metadata.name,
          ip: status.podIP ?? '',
        })),
      serviceAddress: (namespace, name) => services.get(`${namespace}/${name}`) ?? '',
    };
  }
}

interface ServiceManifest extends Manifest {
  readonly spec: { readonly clusterIP: string };
}

/** Namespaces first: pods are refused before their namespace has its default account. What could not be applied. */
async function applyInOrder(text: string): Promise<readonly string[]> {
  const documents = text.split(/^---\s*$/m).filter((one) => /^kind:/m.test(one));
  const isNamespace = (document: string): boolean => /^kind: *Namespace\s*$/m.test(document);
  const problems: string[] = [];
  for (const part of [
    documents.filter(isNamespace),
    documents.filter((one) => !isNamespace(one)),
  ]) {
    if (part.length === 0) continue;
    const { status, errors } = await tryApply(...part);
    if (status !== 0) {
      // Beside it the validating webhook warns of what it lets pass.
      problems.push(...errors.split('\n').filter((line) => !/^(Warning:|$)/.test(line.trim())));
    }
    for (const document of part.filter(isNamespace)) {
      const name = /^ {2}name: *(\S+)/m.exec(document)?.[1] ?? '';
      await kubectl('wait', '-n', name, '--for=create', 'serviceaccount/default', '--timeout=20s');
    }
  }
  return problems;
}

/** Pods with the label app, else those whose name begins so. */
function named(pods: readonly Pod[], app: string): readonly Pod[] {
  const labelled = pods.filter(({ metadata }) => metadata.labels?.['app'] === app);
  if (labelled.length > 0) return labelled;
  return pods.filter(({ metadata }) => `${metadata.name}-`.startsWith(`${app}-`));
}

interface Owner {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly replicas: number };
  readonly status: { readonly readyReplicas?: number };
}

async function unready(
  namespace: string,
  ignored: ReadonlySet<string>,
): Promise<readonly string[]> {
  const owners = await kubectlJson<{ items: readonly Owner[] }>(
    ...['get', 'deployments,statefulsets', '-n', namespace],
  );
  const pods = (await podsOf(namespace)).filter(
    (pod) => !isReady(pod) && !ignored.has(pod.metadata.labels?.['app'] ?? ''),
  );
  return [
    ...owners.items
      .filter(({ metadata }) => !ignored.has(metadata.name))
      .filter(({ spec, status }) => (status.readyReplicas ?? 0) !== spec.replicas)
      .map(({ metadata }) => `${namespace}/${metadata.name}`),
    ...pods.map(({ metadata }) => `${namespace}/${metadata.name}`),
  ];
}
