// @osm/pki: certificates of the mesh. X.509 by pkijs on the platform's WebCrypto; time comes in as an argument.
//
//   holder:  createKeyPair ──> createCsr, sealSignRequest ───────────────────────────┐
//   signer:  subjectNames, chooseValidity, verifyCsr ──> Issuer.signLeaf ──> certificate, read back before it is handed out
//   holder:  renewAtMs(validity, jitter) ──> when to ask for the next one
//
// Private keys never travel: who needs a certificate makes the key and sends a CSR. A CSR carries a key and proof of its
// possession, nothing else; names come from the subject of the request. A certificate without a SAN cannot be made.
export {
  createKeyPair,
  exportPrivateKeyPem,
  importKeyPair,
  type KeyAlgorithm,
  type KeyPair,
} from './key-pair.ts';
export { createCsr, verifyCsr, type VerifiedCsr } from './csr.ts';
export {
  openSignRequest,
  readSignRequest,
  sealSignRequest,
  type SigningQuestion,
} from './sign-request.ts';
export {
  obtainCertificate,
  obtainServerCertificate,
  type CertificateAsker,
  type HeldCertificate,
  type ServerCertificate,
} from './obtain-certificate.ts';
export {
  parseProxySpiffeId,
  proxyPrincipalOf,
  proxySpiffeIdOf,
  subjectNames,
  type CertificateNames,
  type CertificateSubject,
  type ProxySubject,
} from './subject.ts';
export { chooseValidity, type Validity, type ValidityRequest } from './validity.ts';
export { createRootCertificate, longValidityMs, type RootRequest } from './root.ts';
export {
  loadIssuer,
  type IssuedLeaf,
  type Issuer,
  type IssuerFiles,
  type IssuerProblem,
  type LeafRequest,
} from './issuer.ts';
export { readCertificate, type CertificateFacts } from './certificate.ts';
export { renewAtMs } from './rotation.ts';
export { trustBundleId } from './trust-bundle.ts';
export type { PemLabel } from './pem.ts';
export { secretText, type SecretText } from './secret-text.ts';
export type { WebCrypto, WebCryptoKey } from './engine.ts';
