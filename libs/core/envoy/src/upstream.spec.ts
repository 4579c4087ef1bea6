import { describe, expect, it } from 'vitest';
import { upstreamUnit } from '../testing/index.ts';
import { resourceToJson } from './resource-json.ts';
import { emitUpstream } from './upstream.ts';

const base = upstreamUnit('store').policy;

describe('an upstream', () => {
  it('is a cluster and its endpoints, under one name', () => {
    const { bundle, encoded } = emitUpstream(base);
    expect(bundle.resources.map(({ typeUrl, name }) => [typeUrl.split('.').pop(), name])).toEqual([
      ['Cluster', 'shop/store|8080'],
      ['ClusterLoadAssignment', 'shop/store|8080'],
    ]);
    expect(encoded).toBe(2);
  });

  it('encodes only the endpoints when only they change', () => {
    const before = emitUpstream(base);
    const after = emitUpstream({ ...base, endpoints: [] }, before);
    expect(after.encoded).toBe(1);
    expect(after.bundle.resources[0]).toBe(before.bundle.resources[0]);
    expect(after.bundle.resources[1]?.version).not.toBe(before.bundle.resources[1]?.version);
  });

  it('encodes only the cluster when the server accounts change', () => {
    const before = emitUpstream(base);
    const after = emitUpstream({ ...base, serverPrincipals: ['other.shop.cluster.local'] }, before);
    expect(after.encoded).toBe(1);
    expect(after.bundle.resources[1]).toBe(before.bundle.resources[1]);
  });

  it('whose endpoint the client chooses is a cluster alone: it connects to the address that was dialled', () => {
    const { bundle } = emitUpstream({ ...base, choice: 'client', endpoints: [] });
    expect(bundle.resources.map(resourceToJson)).toMatchObject([
      {
        name: 'shop/store|8080|dialled',
        type: 'ORIGINAL_DST',
        originalDstLbConfig: { upstreamPortOverride: 8080 },
        transportSocket: { name: 'tls' },
      },
    ]);
  });

  it('accepts each of its principals, and no other', () => {
    const { bundle } = emitUpstream({ ...base, serverPrincipals: ['a.shop.td', 'b.shop.td'] });
    const [cluster] = bundle.resources;
    expect(cluster && resourceToJson(cluster)).toMatchObject({
      transportSocket: {
        typedConfig: {
          commonTlsContext: {
            combinedValidationContext: {
              defaultValidationContext: {
                matchTypedSubjectAltNames: [
                  { sanType: 'DNS', matcher: { exact: 'a.shop.td' } },
                  { sanType: 'DNS', matcher: { exact: 'b.shop.td' } },
                ],
              },
              validationContextSdsSecretConfig: { name: 'trust' },
            },
          },
        },
      },
    });
  });

  it('without principals trusts nobody, not everybody', () => {
    const { bundle } = emitUpstream({ ...base, serverPrincipals: [] });
    const [cluster] = bundle.resources;
    expect(JSON.stringify(cluster && resourceToJson(cluster))).toContain(
      '"exact":"nobody.invalid"',
    );
  });

  it('without endpoints has an empty assignment: Envoy answers 503, and does not wait for one', () => {
    const { bundle } = emitUpstream({ ...base, endpoints: [] });
    const assignment = bundle.resources[1];
    expect(assignment && resourceToJson(assignment)).toEqual({ clusterName: 'shop/store|8080' });
  });
});
