import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { meshConfig, rootCertificate, runningParts } from '../harness/control-plane.ts';
import { apply, kubectl } from '../harness/kubectl.ts';
import { installMesh, meshNamespace, withoutMesh } from '../harness/mesh.ts';
import { osm, tryOsm } from '../harness/osm.ts';
import { allReady } from '../harness/pods.ts';
import { httpRoutes } from '../harness/policy.ts';
import { openStory } from '../harness/story.ts';

// OSM's rows `init_controller` and `osm_reinstall`, and what happens to an installation that cannot become ready.

const asOsmsTests = {
  'osm.enablePermissiveTrafficPolicy': 'false',
  'osm.enableEgress': 'false',
  'osm.envoyLogLevel': 'debug',
  'osm.enableDebugServer': 'true',
};
const expected = {
  traffic: { enablePermissiveTrafficPolicyMode: false, enableEgress: false },
  sidecar: { logLevel: 'debug' },
  observability: { enableDebugServer: true, tracing: { enable: false } },
  certificate: { serviceCertValidityDuration: '24h' },
};

describe('osm install', () => {
  const story = openStory();
  let namespace = '';
  let root = '';
  beforeAll(withoutMesh);
  afterAll(story.end);
  afterAll(withoutMesh);

  it('names the pod that does not become ready, and why, and removes everything again', async () => {
    const { status, output, errors } = await tryOsm(
      ...['install', '--atomic', '--timeout', '25s', '--set', 'osm.trustDomain=No_Domain'],
    );
    expect(status).toBe(1);
    expect(output).toBe('');
    expect(errors).toMatch(/osm-certificate-manager-\S+: .*trust domain "No_Domain" must be/);
    expect(errors).toContain('the release was removed again');
    expect(await runningParts()).toEqual([]);
  });

  it('says before anything happens that a value is unknown', async () => {
    const { status, errors } = await tryOsm('install', '--set', 'osm.enableEgres=true');
    expect(status).toBe(1);
    expect(errors).toContain("additional properties 'enableEgres' not allowed");
    expect(await runningParts()).toEqual([]);
  });

  it('makes the mesh that its values ask for', async () => {
    // What the attempt above made for good.
    await kubectl('delete', 'meshconfig', '--all', '-n', meshNamespace);
    const said = await installMesh(asOsmsTests);
    expect(said.trim()).toBe(
      `OSM installed successfully in namespace [${meshNamespace}] with mesh name [osm]`,
    );
    await allReady(meshNamespace);
    expect(await meshConfig()).toMatchObject(expected);
    root = await rootCertificate();
  });

  it('refuses a second mesh of the cluster', async () => {
    const { status, errors } = await tryOsm(
      ...['install', '--mesh-name', 'other', '--osm-namespace', 'other-system'],
    );
    expect([status, errors]).toEqual([1, expect.stringContaining('does not share this cluster')]);
  });

  it('shows the mesh, its version and that of SMI', async () => {
    namespace = await story.namespace('member');
    const meshes: unknown = JSON.parse(await osm('mesh', 'list', '-o', 'json'));
    const smi = expect.objectContaining({ TrafficSplit: 'split.smi-spec.io/v1alpha2' }) as unknown;
    expect(meshes).toEqual([
      { name: 'osm', namespace: meshNamespace, version: '0.1.0', namespaces: [namespace], smi },
    ]);
    const { client, meshes: running } = JSON.parse(await osm('version', '-o', 'json')) as {
      readonly client: { readonly version: string };
      readonly meshes: readonly { readonly version: string }[];
    };
    expect(running.map(({ version }) => version)).toEqual([client.version]);
  });

  it('is gone after osm uninstall, and has lost nothing that users wrote', async () => {
    await apply(httpRoutes({ name: 'mine', namespace }));
    const said = await osm('uninstall', 'mesh', '--force');
    expect(said.trim()).toBe(`OSM [mesh name: osm] in namespace [${meshNamespace}] uninstalled`);
    expect(await runningParts()).toEqual([]);
    expect(await kubectl('get', 'httproutegroups', '-n', namespace, '-o', 'name')).toContain(
      'mine',
    );
    expect(await osm('namespace', 'list')).toContain('No namespaces in any mesh');
  });

  it('is ready again after the same installation, with the same root and settings', async () => {
    await installMesh(asOsmsTests);
    await allReady(meshNamespace);
    expect(await rootCertificate()).toBe(root);
    expect(await meshConfig()).toMatchObject(expected);
  });
});
