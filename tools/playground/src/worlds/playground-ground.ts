import { MeshError, sortedBy } from '@osm/prelude';
import { execPlan } from '../control/control-server.ts';
import type { Playground } from '../playground.ts';
import type { PodRunner } from '../pods/pod-runner.ts';
import { run } from '../process/run.ts';
import type { ManifestSet } from './manifest-set.ts';
import { worldClient, type WorldGround } from './world-ground.ts';

/** A playground, on a directory of manifests. */
export function playgroundGround(playground: Playground, manifests: ManifestSet): WorldGround {
  const done = Promise.resolve();
  return {
    changeSettings: (patch) => {
      manifests.patchMeshConfig(patch);
      return done;
    },
    apply: (text) => Promise.resolve(manifests.apply(text)),
    delete: (args) => {
      manifests.delete(args);
      return done;
    },
    restart: async (namespace, name, stamp) => {
      manifests.restart(namespace, name, stamp);
      return done;
    },
    awaitReady: async (ignored, timeoutMs) => {
      playground.reread();
      const isIgnored = ({ blueprint }: PodRunner): boolean =>
        ignored.has(blueprint.owner) || ignored.has(blueprint.labels.get('app') ?? '');
      if (await playground.settled(timeoutMs, isIgnored)) return [];
      return playground.pods
        .filter((pod) => !pod.ready && !isIgnored(pod))
        .map((pod) => `${pod.title}: ${pod.view().reason}`);
    },
    addresses: () =>
      Promise.resolve({
        pods: (namespace, app) => podsOf(playground, namespace, app).map((pod) => pod.blueprint),
        serviceAddress: (namespace, name) => playground.addresses.of(`${namespace}/${name}`),
      }),
    send: async ({ namespace, app, input, timeoutMs }) => {
      const pod = podsOf(playground, namespace, app)[0];
      if (pod === undefined)
        throw new MeshError('not_found', `there is no pod ${namespace}/${app}`);
      const plan = execPlan(playground, pod, 'app', [...worldClient]);
      const result = await run(plan.program, plan.args, { env: plan.env, input, timeoutMs });
      return { output: result.stdout, said: result.stderr.trim() || `status ${result.status}` };
    },
    clear: async (timeoutMs) => {
      manifests.clear();
      playground.reread();
      await playground.settled(timeoutMs);
    },
  };
}

/** Pods with the label app, else those whose name begins so; sorted by name. */
function podsOf(playground: Playground, namespace: string, app: string): PodRunner[] {
  const near = playground.pods.filter(
    (pod) => pod.blueprint.namespace === namespace && !pod.isStopping,
  );
  const labelled = near.filter((pod) => pod.blueprint.labels.get('app') === app);
  const found =
    labelled.length > 0
      ? labelled
      : near.filter((pod) => `${pod.blueprint.name}-`.startsWith(`${app}-`));
  return sortedBy(found, (pod) => pod.blueprint.name);
}
