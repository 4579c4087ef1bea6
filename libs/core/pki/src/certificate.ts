import { AltName, BasicConstraints, Certificate } from 'pkijs';
import { err, MeshError, ok, type Result } from '@osm/prelude';
import { decodePem } from './pem.ts';
import { generalName, oids } from './profile.ts';
import type { Validity } from './validity.ts';
import type { CertificateNames } from './subject.ts';

/** What a certificate says, as far as the mesh cares. */
export interface CertificateFacts extends Validity, CertificateNames {
  readonly isAuthority: boolean;
  readonly serialHex: string;
}

/** Reads the first certificate of a PEM text. The error says what is wrong with the text. */
export function readCertificate(pem: string): Result<CertificateFacts, MeshError> {
  const parsed = parseCertificatePem(pem);
  return parsed.kind === 'ok' ? ok(certificateFacts(parsed.value)) : parsed;
}

/** @internal The first certificate of a PEM text as pkijs has it. */
export function parseCertificatePem(pem: string): Result<Certificate, MeshError> {
  const blocks = decodePem('CERTIFICATE', pem);
  if (blocks.kind === 'error') return blocks;
  const [der] = blocks.value;
  return parseCertificate(der ?? new Uint8Array());
}

/** @internal */
export function parseCertificate(der: Uint8Array): Result<Certificate, MeshError> {
  try {
    return ok(Certificate.fromBER(Uint8Array.from(der).buffer));
  } catch (cause) {
    return err(new MeshError('invalid_certificate', 'not an X.509 certificate', { cause }));
  }
}

/** @internal */
export function certificateFacts(certificate: Certificate): CertificateFacts {
  const altName = extensionValue(certificate, oids.subjectAltName, AltName);
  const constraints = extensionValue(certificate, oids.basicConstraints, BasicConstraints);
  const altNames = (type: number): string[] =>
    (altName?.altNames ?? [])
      .filter((name) => name.type === type)
      .map((name) => String(name.value));
  const commonName = certificate.subject.typesAndValues.find(
    (part) => part.type === oids.commonName,
  );
  return {
    commonName: commonName === undefined ? undefined : String(commonName.value.valueBlock.value),
    dnsNames: altNames(generalName.dns),
    uris: altNames(generalName.uri),
    notBeforeMs: certificate.notBefore.value.getTime(),
    notAfterMs: certificate.notAfter.value.getTime(),
    isAuthority: constraints?.cA ?? false,
    serialHex: Array.from(certificate.serialNumber.valueBlock.valueHexView, (byte) =>
      byte.toString(16).padStart(2, '0'),
    ).join(''),
  };
}

function extensionValue<T extends object>(
  certificate: Certificate,
  oid: string,
  type: abstract new (...args: never[]) => T,
): T | undefined {
  const value: unknown = certificate.extensions?.find((each) => each.extnID === oid)?.parsedValue;
  return value instanceof type ? value : undefined;
}
