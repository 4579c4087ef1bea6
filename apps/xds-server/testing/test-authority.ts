import { subjects, type Bus } from '@osm/bus';
import {
  chooseValidity,
  createCsr,
  createKeyPair,
  createRootCertificate,
  exportPrivateKeyPem,
  loadIssuer,
  longValidityMs,
  openSignRequest,
  subjectNames,
  verifyCsr,
  type CertificateSubject,
} from '@osm/pki';
import { invariant } from '@osm/prelude';
import type {
  CertificateSubject as SubjectMessage,
  SignRequest,
  SignResponse,
  TrustBundle,
} from '@osm/proto-mesh';

/** A certificate authority that answers as the certificate manager does, and issues certificates to test clients. */
export interface TestAuthority {
  readonly bundle: TrustBundle;
  /** Everything that was asked for over the bus. */
  readonly requests: readonly SignRequest[];
  readonly respondOn: (bus: Bus, signal: AbortSignal) => void;
  readonly issue: (
    subject: CertificateSubject,
  ) => Promise<{ readonly chainPem: string; readonly privateKeyPem: string }>;
}

export const trustDomain = 'cluster.local';

export async function createTestAuthority(id = 'bundle-1'): Promise<TestAuthority> {
  const rootPair = await createKeyPair();
  const certificatePem = await createRootCertificate({ pair: rootPair, nowMs: Date.now() });
  const privateKeyPem = await exportPrivateKeyPem(rootPair);
  const loaded = await loadIssuer({ certificatePem, privateKeyPem });
  invariant(loaded.kind === 'ok', 'a root that was just made signs');
  const issuer = loaded.value;
  const bundle: TrustBundle = { id, trustDomain, rootsPem: [certificatePem] };
  const requests: SignRequest[] = [];

  const sign = async (csrDer: Uint8Array, subject: CertificateSubject, requestedMs: number) => {
    const csr = await verifyCsr(csrDer);
    const names = subjectNames(subject, trustDomain);
    invariant(csr.kind === 'ok' && names.kind === 'ok', 'a CSR and names');
    const validity = chooseValidity({
      nowMs: Date.now(),
      requestedMs,
      defaultMs: longValidityMs,
      minMs: 0,
      maxMs: longValidityMs,
      issuerNotAfterMs: issuer.facts.notAfterMs,
    });
    return issuer.signLeaf({ csr: csr.value, names: names.value, validity });
  };

  return {
    bundle,
    requests,
    respondOn: (bus, signal) =>
      bus.respond(
        subjects.sign,
        async (signed): Promise<SignResponse> => {
          const opened = await openSignRequest(signed);
          invariant(opened.kind === 'ok', 'a request under the signature of its key');
          const request = opened.value;
          requests.push(request);
          const leaf = await sign(request.csrDer, subjectOf(request.subject), request.validityMs);
          const { certificatePem: chainPem, notBeforeMs, notAfterMs } = leaf;
          return {
            result: { $case: 'issued', value: { chainPem, notBeforeMs, notAfterMs, bundle } },
          };
        },
        { signal },
      ),
    issue: async (subject) => {
      const pair = await createKeyPair();
      const leaf = await sign(await createCsr(pair), subject, 0);
      const key = await exportPrivateKeyPem(pair);
      return { chainPem: leaf.certificatePem, privateKeyPem: key.reveal() };
    },
  };
}

function subjectOf(message: SubjectMessage | undefined): CertificateSubject {
  const kind = message?.kind;
  invariant(kind !== undefined, 'a subject');
  switch (kind.$case) {
    case 'workload':
      return { kind: 'workload', identity: kind.value };
    case 'proxy':
      return { kind: 'proxy', uuid: kind.value.uuid, identity: kind.value };
    case 'controlPlane':
      return { kind: 'controlPlane', ...kind.value };
  }
}
