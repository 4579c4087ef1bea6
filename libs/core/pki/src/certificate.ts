import { fromBER, Primitive, Sequence, type AsnType } from 'asn1js';
import { BasicConstraints, Certificate } from 'pkijs';
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
  const altNames = subjectAltNames(certificate);
  const commonName = certificate.subject.typesAndValues.find(
    (part) => part.type === oids.commonName,
  );
  return {
    commonName: commonName === undefined ? undefined : String(commonName.value.valueBlock.value),
    dnsNames: altNames.get(generalName.dns) ?? [],
    uris: altNames.get(generalName.uri) ?? [],
    notBeforeMs: certificate.notBefore.value.getTime(),
    notAfterMs: certificate.notAfter.value.getTime(),
    isAuthority: isAuthority(certificate),
    serialHex: Array.from(certificate.serialNumber.valueBlock.valueHexView, (byte) =>
      byte.toString(16).padStart(2, '0'),
    ).join(''),
  };
}

/**
 * Texts of the SAN extension by their tag. Read with asn1js alone: the general AltName of pkijs knows every kind of name, and takes
 * as long as the rest of the certificate.
 */
function subjectAltNames(certificate: Certificate): ReadonlyMap<number, readonly string[]> {
  const found = new Map<number, string[]>();
  const names = extensionValue(certificate, oids.subjectAltName);
  if (!(names instanceof Sequence)) return found;
  for (const name of names.valueBlock.value) {
    if (!(name instanceof Primitive)) continue;
    const { tagNumber } = name.idBlock;
    const text = String.fromCharCode(...name.valueBlock.valueHexView);
    found.set(tagNumber, [...(found.get(tagNumber) ?? []), text]);
  }
  return found;
}

function isAuthority(certificate: Certificate): boolean {
  const schema = extensionValue(certificate, oids.basicConstraints);
  return schema !== undefined && new BasicConstraints({ schema }).cA;
}

function extensionValue(certificate: Certificate, oid: string): AsnType | undefined {
  const extension = certificate.extensions?.find((each) => each.extnID === oid);
  if (extension === undefined) return undefined;
  const parsed = fromBER(extension.extnValue.valueBlock.valueHexView);
  return parsed.offset === -1 ? undefined : parsed.result;
}
