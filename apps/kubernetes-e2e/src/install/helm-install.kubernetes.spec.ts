import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { meshConfig, runningParts } from '../harness/control-plane.ts';
import { helm } from '../harness/helm.ts';
import { apply, kubectl, kubectlCommand } from '../harness/kubectl.ts';
import { chart, meshNamespace, withoutMesh } from '../harness/mesh.ts';
import { allReady, podsOf } from '../harness/pods.ts';
import { mustRun } from '../harness/run.ts';

// OSM's row `helm_install`: the chart as it comes, by helm alone. In a namespace that takes only pods of the restricted standard.

const optional = [
  'osm.networkPolicies=true',
  'osm.nats.replicaCount=3',
  'osm.nats.enablePodDisruptionBudget=true',
  'osm.osmController.autoScale.enable=true',
  'osm.injector.enablePodDisruptionBudget=true',
];

describe('the chart with its defaults', () => {
  beforeAll(withoutMesh);
  afterAll(withoutMesh);

  it('is ready after helm install, also where only restricted pods may run', async () => {
    await apply({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: {
        name: meshNamespace,
        labels: { 'pod-security.kubernetes.io/enforce': 'restricted' },
      },
    });
    await helm('install', 'osm', chart, '-n', meshNamespace, '--wait', '--timeout', '3m');
    await allReady(meshNamespace);
    const restarts = (await podsOf(meshNamespace)).flatMap(({ status }) =>
      (status.containerStatuses ?? []).map(({ restartCount }) => restartCount),
    );
    expect(Math.max(...restarts)).toBe(0);
  });

  it('has the settings that OSM had', async () => {
    expect(await meshConfig()).toMatchObject({
      traffic: { enablePermissiveTrafficPolicyMode: true, enableEgress: true },
      sidecar: { logLevel: 'error' },
      observability: { enableDebugServer: false, tracing: { enable: false } },
      certificate: { serviceCertValidityDuration: '24h' },
    });
  });

  it('renders what the API server takes, word by word, with everything that may be switched on', async () => {
    const set = optional.flatMap((value) => ['--set', value]);
    const namespace = ['--namespace', meshNamespace, '--kube-version', '1.34.0'];
    const input = await helm('template', 'osm', chart, ...namespace, ...set);
    const strict = ['apply', '--dry-run=server', '--validate=strict', '-f', '-', '-o', 'name'];
    const accepted = await mustRun([...kubectlCommand, ...strict], { input });
    for (const kind of ['networkpolicy', 'poddisruptionbudget', 'horizontalpodautoscaler']) {
      expect(accepted).toContain(`${kind}.`);
    }
  });

  it('goes without a trace of what ran; settings, root and definitions stay', async () => {
    await helm('uninstall', 'osm', '-n', meshNamespace, '--wait', '--cascade', 'foreground');
    expect(await runningParts()).toEqual([]);
    expect(await meshConfig()).toBeDefined();
    expect(
      await kubectl('get', 'crd', 'traffictargets.access.smi-spec.io', '-o', 'name'),
    ).toContain('traffictargets');
  });
});
