import { silentLogger } from '@osm/bus/testing';
import type { ApiServer } from '@osm/kubernetes';
import { MeshError } from '@osm/prelude';
import { createMeshCatalog } from '@osm/resources';
import type { AdmissionRequest } from '@osm/webhook';
import { describe, expect, it } from 'vitest';
import { createAdmitObject } from './admit-object.ts';
import { createWrittenObjects } from './written-objects.ts';

const scope = { meshName: 'osm', meshNamespace: 'osm-system', trustDomain: 'cluster.local' };
const setting = (name: string) => ({
  apiVersion: 'policy.openservicemesh.io/v1alpha1',
  kind: 'UpstreamTrafficSetting',
  metadata: { name, namespace: 'shop' },
  spec: { host: 'store.shop.svc.cluster.local' },
});
const refOf = (name: string) => ({
  kind: 'UpstreamTrafficSetting',
  namespace: 'shop',
  name,
  file: '',
  line: 0,
});
const review = (object: unknown, parts: Partial<AdmissionRequest> = {}): AdmissionRequest => ({
  uid: 'u',
  operation: 'CREATE',
  namespace: 'shop',
  name: '',
  kind: { group: 'policy.openservicemesh.io', version: 'v1alpha1', kind: refOf('').kind },
  object,
  oldObject: undefined,
  dryRun: false,
  ...parts,
});

/** An API server that has these; undefined: it is away. Another one with the name `seen` was observed before. */
function admitting(names: readonly string[] | undefined) {
  const server: Pick<ApiServer, 'ask'> = {
    ask: () =>
      names === undefined
        ? Promise.reject(new MeshError('api_unavailable', 'away'))
        : Promise.resolve({ metadata: {}, items: names.map(setting) }),
  };
  const written = createWrittenObjects(server, silentLogger);
  written.observe([{ kind: 'put', id: 'seen', ref: refOf('seen'), raw: setting('seen') }]);
  return createAdmitObject({ scope, catalog: createMeshCatalog(scope), written });
}

describe('an answer to the API server', () => {
  it('knows what was stored a moment ago, whatever was observed', async () => {
    expect(await admitting(['first'])(review(setting('second')))).toMatchObject({
      kind: 'deny',
      message: expect.stringContaining('UpstreamTrafficSetting shop/first has spec.host') as string,
    });
    expect(await admitting([])(review(setting('second')))).toMatchObject({ kind: 'allow' });
  });

  it('falls back to what was observed when the API server does not say', async () => {
    expect(await admitting(undefined)(review(setting('second')))).toMatchObject({
      kind: 'deny',
      message: expect.stringContaining('shop/seen') as string,
    });
  });

  it('takes the name from the object, which is no conflict with itself', async () => {
    const update = { operation: 'UPDATE', oldObject: { ...setting('first'), spec: {} } };
    expect(await admitting(['first'])(review(setting('first'), update))).toMatchObject({
      kind: 'allow',
    });
  });

  it('is yes to deletions, and to what is no object at all', async () => {
    const admit = admitting(['first']);
    const deletion = { operation: 'DELETE', oldObject: setting('first') };
    expect(await admit(review(null, deletion))).toEqual({ kind: 'allow', warnings: [] });
    expect(await admit(review(null))).toMatchObject({ kind: 'allow', warnings: [{}] });
  });
});
