import {
  createCsr,
  createKeyPair,
  createRootCertificate,
  exportPrivateKeyPem,
  loadIssuer,
  subjectNames,
  verifyCsr,
  type CertificateSubject,
} from '@osm/pki';

/** Issues certificates as the mesh's own authority does. */
export interface TestAuthority {
  readonly rootPem: string;
  readonly issue: (
    subject: CertificateSubject,
  ) => Promise<{ readonly chainPem: string; readonly privateKeyPem: string }>;
}

const hourMs = 3_600_000;

/** An authority with a root of its own. */
export async function createTestAuthority(): Promise<TestAuthority> {
  const rootPair = await createKeyPair();
  const rootPem = await createRootCertificate({ pair: rootPair, nowMs: Date.now() });
  const issuer = await loadIssuer({
    certificatePem: rootPem,
    privateKeyPem: await exportPrivateKeyPem(rootPair),
  });
  if (issuer.kind === 'error') throw new Error(issuer.error.message);
  const { signLeaf } = issuer.value;
  return {
    rootPem,
    issue: async (subject) => {
      const pair = await createKeyPair();
      const csr = await verifyCsr(await createCsr(pair));
      const names = subjectNames(subject, 'cluster.local');
      if (csr.kind === 'error' || names.kind === 'error') throw new Error('not issued');
      const nowMs = Math.floor(Date.now() / 1000) * 1000; // certificates know whole seconds
      const validity = { notBeforeMs: nowMs - hourMs, notAfterMs: nowMs + hourMs };
      const leaf = await signLeaf({ csr: csr.value, names: names.value, validity });
      const privateKeyPem = (await exportPrivateKeyPem(pair)).reveal();
      return { chainPem: leaf.certificatePem, privateKeyPem };
    },
  };
}
