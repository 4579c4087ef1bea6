// @osm/pki: certificates of the mesh. X.509 by pkijs on the platform's WebCrypto; clock and validity come in as arguments.
//
//   createKeyPair ──> createCsr ──> (the bus) ──> signer ──> certificate chain
//
// Private keys never travel: who needs a certificate makes the key and sends a CSR. A CSR carries a key and proof of its
// possession, nothing else; names come from the subject of the request.
export { createKeyPair, exportPrivateKeyPem, type KeyAlgorithm, type KeyPair } from './key-pair.ts';
export { createCsr } from './csr.ts';
export { decodePem, encodePem, type PemLabel } from './pem.ts';
export { secretText, type SecretText } from './secret-text.ts';
export type { WebCrypto, WebCryptoKey } from './engine.ts';
