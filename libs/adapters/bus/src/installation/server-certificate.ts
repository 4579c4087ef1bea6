import { createPrivateKey, X509Certificate } from 'node:crypto';
import {
  chooseValidity,
  createCsr,
  createKeyPair,
  createRootCertificate,
  exportPrivateKeyPem,
  loadIssuer,
  readCertificate,
  secretText,
  verifyCsr,
} from '@osm/pki';
import { MeshError } from '@osm/prelude';

/** A certificate and its private key, PEM. */
export interface CertificatePair {
  readonly certificate: string;
  readonly key: string;
}

const hostName = /^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** A CA of the bus. It has nothing to do with the root of the mesh, whose certificates travel over this bus. */
export async function createBusAuthority(nowMs: number): Promise<CertificatePair> {
  const pair = await createKeyPair();
  const certificate = await createRootCertificate({ pair, nowMs });
  return { certificate, key: (await exportPrivateKeyPem(pair)).reveal() };
}

export interface ServerCertificateRequest {
  readonly authority: CertificatePair;
  /** The names under which services call the server. */
  readonly hosts: readonly string[];
  readonly nowMs: number;
  readonly validityMs: number;
}

/** The certificate of the NATS servers, with a fresh key. Throws `invalid_config` for names that cannot stand in it. */
export async function createServerCertificate(
  request: ServerCertificateRequest,
): Promise<CertificatePair> {
  const { authority, hosts, nowMs, validityMs } = request;
  const wrong = hosts.find((host) => host.length > 253 || !hostName.test(host) || isAddress(host));
  if (wrong !== undefined || hosts.length === 0)
    throw new MeshError(
      'invalid_config',
      `"${wrong ?? ''}" cannot stand in the certificate of the bus: give the DNS names by which services call it`,
    );
  const files = {
    certificatePem: authority.certificate,
    privateKeyPem: secretText(authority.key),
  };
  const issuer = await loadIssuer(files);
  if (issuer.kind === 'error')
    throw new MeshError('invalid_certificate', `the CA of the bus: ${issuer.error.message}`);
  const pair = await createKeyPair();
  const csr = await verifyCsr(await createCsr(pair));
  if (csr.kind === 'error') throw csr.error;
  const validity = chooseValidity({
    nowMs,
    requestedMs: validityMs,
    defaultMs: validityMs,
    minMs: 0,
    maxMs: validityMs,
    issuerNotAfterMs: issuer.value.facts.notAfterMs,
  });
  const names = { commonName: undefined, dnsNames: hosts, uris: [] };
  const leaf = await issuer.value.signLeaf({ csr: csr.value, names, validity });
  return { certificate: leaf.certificatePem, key: (await exportPrivateKeyPem(pair)).reveal() };
}

/**
 * Whether a server's certificate can stay: signed by the CA that everybody is told to trust, with its key beside it, for these names, and
 * with more than a third of its life before it. A Secret that was lost is made anew, and the others must fit it.
 */
export function isServerCertificateGood(
  server: CertificatePair,
  { authority, hosts, nowMs }: Omit<ServerCertificateRequest, 'validityMs'>,
): boolean {
  const facts = readCertificate(server.certificate);
  if (facts.kind === 'error' || !fits(server, authority)) return false;
  const { dnsNames, notBeforeMs, notAfterMs } = facts.value;
  if (dnsNames.join() !== hosts.join()) return false;
  return notAfterMs - nowMs > (notAfterMs - notBeforeMs) / 3;
}

function fits(server: CertificatePair, authority: CertificatePair): boolean {
  try {
    const certificate = new X509Certificate(server.certificate);
    const isOwnKey = certificate.checkPrivateKey(createPrivateKey(server.key));
    return isOwnKey && certificate.verify(new X509Certificate(authority.certificate).publicKey);
  } catch {
    return false;
  }
}

function isAddress(host: string): boolean {
  return /^[\d.]+$/.test(host);
}
