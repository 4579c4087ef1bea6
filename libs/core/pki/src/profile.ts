import {
  BitString,
  Integer,
  OctetString,
  PrintableString,
  Sequence,
  Set,
  Utf8String,
} from 'asn1js';
import {
  AltName,
  AttributeTypeAndValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Extension,
  ExtKeyUsage,
  GeneralName,
  RelativeDistinguishedNames,
  Time,
} from 'pkijs';
import type { CertificateNames } from './subject.ts';
import type { PublicKeyKind } from './key-policy.ts';

/** Object identifiers of RFC 5280. */
export const oids = {
  commonName: '2.5.4.3',
  country: '2.5.4.6',
  locality: '2.5.4.7',
  organization: '2.5.4.10',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
} as const;

/** The choice tags of GeneralName that the mesh uses (RFC 5280, 4.2.1.6). */
export const generalName = { dns: 2, uri: 6 } as const;

const organization = 'Open Service Mesh';

/** Common name of the root: OSM's. */
const rootCommonName = 'osm-ca.openservicemesh.io';

// Bits of KeyUsage, most significant first (RFC 5280, 4.2.1.3).
const keyUsage = {
  digitalSignature: 0x80,
  keyEncipherment: 0x20,
  keyCertSign: 0x04,
  crlSign: 0x02,
};

/** The subject of the root. */
export function rootName(): RelativeDistinguishedNames {
  return distinguishedName([
    [oids.country, new PrintableString({ value: 'US' })],
    [oids.locality, new Utf8String({ value: 'CA' })],
    [oids.organization, new Utf8String({ value: organization })],
    [oids.commonName, new Utf8String({ value: rootCommonName })],
  ]);
}

/** The subject of a leaf. Never empty, so that the SAN extension need not be critical (RFC 5280, 4.2.1.6). */
export function leafName(names: CertificateNames): RelativeDistinguishedNames {
  const parts: [string, PrintableString | Utf8String][] = [
    [oids.organization, new Utf8String({ value: organization })],
  ];
  if (names.commonName !== undefined)
    parts.push([oids.commonName, new Utf8String({ value: names.commonName })]);
  return distinguishedName(parts);
}

function distinguishedName(
  parts: readonly (readonly [type: string, value: PrintableString | Utf8String])[],
): RelativeDistinguishedNames {
  const typesAndValues = parts.map(([type, value]) => new AttributeTypeAndValue({ type, value }));
  const name = new RelativeDistinguishedNames({ typesAndValues });
  // On its own pkijs puts all attributes into one set, "C=US + O=...": a name is a sequence of sets of one (RFC 5280, 4.1.2.4).
  name.toSchema = () =>
    new Sequence({
      value: typesAndValues.map((part) => new Set({ value: [part.toSchema()] })),
    });
  return name;
}

/** UTCTime up to 2049, GeneralizedTime after (RFC 5280, 4.1.2.5). */
export function certificateTime(ms: number): Time {
  const value = new Date(ms);
  return new Time({ type: value.getUTCFullYear() < 2050 ? 0 : 1, value });
}

/** A positive serial number of 126 random bits in 16 bytes, in its shortest encoding. */
export function serialNumber(random16: Uint8Array): Integer {
  const bytes = random16.slice(0, 16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return new Integer({ valueHex: bytes.buffer });
}

/** Extensions of the root: it signs certificates and nothing else. */
export function rootExtensions(keyId: ArrayBuffer): Extension[] {
  return [
    extension(oids.basicConstraints, true, new BasicConstraints({ cA: true }).toSchema()),
    keyUsageExtension(keyUsage.keyCertSign | keyUsage.crlSign),
    extension(oids.subjectKeyIdentifier, false, new OctetString({ valueHex: keyId })),
  ];
}

/** The extensions that all leaves of an issuer share, for a kind of key. */
export function sharedLeafExtensions(
  kind: PublicKeyKind['kind'],
  issuerKeyId: ArrayBuffer,
): Extension[] {
  // OSM sets keyEncipherment on every leaf; an ECDSA key cannot encipher (RFC 8813, 3).
  const usage =
    kind === 'rsa'
      ? keyUsage.digitalSignature | keyUsage.keyEncipherment
      : keyUsage.digitalSignature;
  const keyIdentifier = new OctetString({ valueHex: issuerKeyId });
  return [
    extension(oids.basicConstraints, true, new BasicConstraints({ cA: false }).toSchema()),
    keyUsageExtension(usage),
    extension(
      oids.extKeyUsage,
      false,
      new ExtKeyUsage({ keyPurposes: [oids.clientAuth, oids.serverAuth] }).toSchema(),
    ),
    extension(
      oids.authorityKeyIdentifier,
      false,
      new AuthorityKeyIdentifier({ keyIdentifier }).toSchema(),
    ),
  ];
}

/** The SAN extension: URIs and DNS names. */
export function subjectAltNameExtension(names: CertificateNames): Extension {
  const altNames = [
    ...names.dnsNames.map((value) => new GeneralName({ type: generalName.dns, value })),
    ...names.uris.map((value) => new GeneralName({ type: generalName.uri, value })),
  ];
  return extension(oids.subjectAltName, false, new AltName({ altNames }).toSchema());
}

function keyUsageExtension(bits: number): Extension {
  const unusedBits = 31 - Math.clz32(bits & -bits);
  const value = new BitString({ valueHex: new Uint8Array([bits]).buffer, unusedBits });
  return extension(oids.keyUsage, true, value);
}

function extension(
  extnID: string,
  critical: boolean,
  value: { toBER: (sizeOnly: boolean) => ArrayBuffer },
): Extension {
  return new Extension({ extnID, critical, extnValue: value.toBER(false) });
}
