import { principalOf, spiffeIdOf } from '@osm/model';
import { proxyPrincipalOf, proxySpiffeIdOf } from '@osm/pki';
import { describe, expect, it } from 'vitest';
import { judgeAdmission, type AdmissionFacts } from './admission.ts';

const uuid = '0b6c3d0e-6ea1-4f6f-9d5c-8d2f3a1b4c5d';
const trustDomain = 'cluster.local';
const identity = { namespace: 'shop', serviceAccount: 'book.store' };
const peer = {
  dnsNames: [proxyPrincipalOf({ uuid, identity }, trustDomain)],
  uris: [proxySpiffeIdOf({ uuid, identity }, trustDomain)],
};
const facts: AdmissionFacts = {
  nodeId: uuid,
  peer,
  trustDomain,
  assignment: { ...identity, pod: 'bookstore-1', bundle: 'workload.x' },
};

const reasonOf = (change: Partial<AdmissionFacts>): string => {
  const verdict = judgeAdmission({ ...facts, ...change });
  return verdict.kind === 'rejected' ? verdict.reason : verdict.kind;
};

describe('judgeAdmission', () => {
  it('admits a proxy whose certificate, node id and pod agree, dots in names included', () => {
    expect(judgeAdmission(facts)).toEqual({ kind: 'admitted', identity });
  });

  it('does not know a pod without an assignment', () => {
    expect(reasonOf({ assignment: undefined })).toBe('unknown-pod');
  });

  it('rejects a request without node id', () => {
    expect(reasonOf({ nodeId: '' })).toBe('no-node-id');
  });

  it('rejects the node id of another proxy, known or not', () => {
    const other = '11111111-6ea1-4f6f-9d5c-8d2f3a1b4c5d';
    expect(reasonOf({ nodeId: other })).toBe('node-id');
    expect(reasonOf({ nodeId: other, assignment: undefined })).toBe('node-id');
  });

  it('rejects a pod of another account or namespace', () => {
    const assignment = { ...identity, pod: 'p', bundle: 'b' };
    expect(reasonOf({ assignment: { ...assignment, serviceAccount: 'thief' } })).toBe('pod');
    expect(reasonOf({ assignment: { ...assignment, namespace: 'other' } })).toBe('pod');
    // The same text in the dotted form, another account.
    const shifted = { ...assignment, serviceAccount: 'book', namespace: 'store.shop' };
    expect(reasonOf({ assignment: shifted })).toBe('pod');
  });

  it('rejects other certificates of the mesh', () => {
    const workload = {
      dnsNames: [principalOf(identity, trustDomain)],
      uris: [spiffeIdOf(identity, trustDomain)],
    };
    expect(reasonOf({ peer: workload })).toBe('certificate');
    expect(reasonOf({ peer: { dnsNames: [], uris: [] } })).toBe('certificate');
    expect(reasonOf({ trustDomain: 'elsewhere' })).toBe('certificate');
  });

  it('does not take a service account for a proxy because of its name', () => {
    const tricky = { namespace: 'shop', serviceAccount: `${uuid}.sidecar.book.store` };
    const workload = {
      dnsNames: [principalOf(tricky, trustDomain)],
      uris: [spiffeIdOf(tricky, trustDomain)],
    };
    expect(workload.dnsNames).toEqual(peer.dnsNames);
    expect(reasonOf({ peer: workload })).toBe('certificate');
  });
});
