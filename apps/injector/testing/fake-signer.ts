import { buckets, subjects, type Bus } from '@osm/bus';
import {
  createKeyPair,
  createRootCertificate,
  exportPrivateKeyPem,
  loadIssuer,
  openSignRequest,
  subjectNames,
  verifyCsr,
  type CertificateSubject,
} from '@osm/pki';
import type { SignedRequest, SignRequest, SignResponse, TrustBundle } from '@osm/proto-mesh';

/** A certificate manager on the bus, with a root of its own. */
export interface FakeSigner {
  readonly rootPem: string;
  readonly requests: readonly SignRequest[];
  /** From now on every request is refused with this message. */
  readonly refuse: (message: string) => void;
  /** Publishes the same root under another id, as a rotation would. */
  readonly publish: (bundleId: string) => void;
}

export async function startFakeSigner(bus: Bus, signal: AbortSignal): Promise<FakeSigner> {
  const pair = await createKeyPair();
  const rootPem = await createRootCertificate({ pair, nowMs: Date.now() });
  const files = { certificatePem: rootPem, privateKeyPem: await exportPrivateKeyPem(pair) };
  const issuer = await loadIssuer(files);
  if (issuer.kind === 'error') throw new Error(issuer.error.message);
  const requests: SignRequest[] = [];
  let refusal: string | undefined;
  let bundle: TrustBundle = { id: 'first', trustDomain: 'cluster.local', rootsPem: [rootPem] };

  const sign = async (signed: SignedRequest): Promise<SignResponse> => {
    const opened = await openSignRequest(signed);
    if (opened.kind === 'error') throw opened.error;
    const request = opened.value;
    requests.push(request);
    if (refusal !== undefined)
      return { result: { $case: 'refused', value: { code: 'forbidden', message: refusal } } };
    const csr = await verifyCsr(request.csrDer);
    const names = subjectNames(subjectOf(request), 'cluster.local');
    if (csr.kind === 'error' || names.kind === 'error') throw new Error('a wrong request');
    const validity = {
      notBeforeMs: Math.floor(Date.now() / 1000) * 1000 - 1000,
      notAfterMs: Math.floor(Date.now() / 1000) * 1000 + 3_600_000,
    };
    const leaf = await issuer.value.signLeaf({ csr: csr.value, names: names.value, validity });
    const value = { chainPem: leaf.certificatePem, ...validity, bundle };
    return { result: { $case: 'issued', value } };
  };
  bus.respond(subjects.sign, sign, { signal });
  const table = bus.own(buckets.trust);
  const publish = (id: string): void => {
    bundle = { ...bundle, id };
    table.set('bundle', bundle);
  };
  publish('first');
  table.complete();
  return { rootPem, requests, refuse: (message) => (refusal = message), publish };
}

function subjectOf(request: SignRequest): CertificateSubject {
  const kind = request.subject?.kind;
  switch (kind?.$case) {
    case 'proxy':
      return { kind: 'proxy', uuid: kind.value.uuid, identity: kind.value };
    case 'controlPlane':
      return { kind: 'controlPlane', ...kind.value };
    case 'workload':
    case undefined:
      throw new Error('the injector asks for proxies and itself only');
  }
}
