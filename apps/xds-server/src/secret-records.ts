import { hashHex } from '@osm/prelude';
import { Secret } from '@osm/proto-envoy/secret';
import type { TrustBundle } from '@osm/proto-mesh';
import { encodeResourceRecord, type ResourceRecord } from '@osm/xds';
import type { IssuedCertificate } from './certificate-source.ts';

/** Name of the secret with a stream's own certificate and key. */
const identitySecretName = 'identity';
/** Name of the secret with the roots to trust. */
export const trustSecretName = 'trust';

/** The secret `identity`. Its version comes from the certificate alone: versions are logged. */
export function encodeIdentitySecret(certificate: IssuedCertificate): ResourceRecord {
  const chain = Buffer.from(certificate.chainPem);
  const secret = Secret.fromPartial({
    name: identitySecretName,
    type: {
      $case: 'tlsCertificate',
      value: {
        certificateChain: { specifier: { $case: 'inlineBytes', value: chain } },
        privateKey: {
          specifier: {
            $case: 'inlineBytes',
            value: Buffer.from(certificate.privateKeyPem.reveal()),
          },
        },
      },
    },
  });
  return encodeResourceRecord({
    type: 'secret',
    name: identitySecretName,
    version: hashHex(chain),
    body: Secret.encode(secret).finish(),
  });
}

/** The secret `trust`. Its version is the bundle's id, so that an acknowledgement says which bundle a proxy has. */
export function encodeTrustSecret(bundle: TrustBundle): ResourceRecord {
  const secret = Secret.fromPartial({
    name: trustSecretName,
    type: {
      $case: 'validationContext',
      value: {
        trustedCa: {
          specifier: { $case: 'inlineBytes', value: Buffer.from(bundle.rootsPem.join('\n')) },
        },
      },
    },
  });
  return encodeResourceRecord({
    type: 'secret',
    name: trustSecretName,
    version: bundle.id,
    body: Secret.encode(secret).finish(),
  });
}
