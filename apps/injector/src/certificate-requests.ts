import { subjects, type Bus } from '@osm/bus';
import { createKeyPair, exportPrivateKeyPem, sealSignRequest, type SecretText } from '@osm/pki';
import { MeshError, type Clock } from '@osm/prelude';
import type { CertificateSubject, TrustBundle } from '@osm/proto-mesh';

/** A certificate with the key that was made for it here. */
export interface HeldCertificate {
  readonly chainPem: string;
  readonly privateKeyPem: SecretText;
  readonly bundle: TrustBundle;
}

interface CertificateTools {
  readonly bus: Bus;
  readonly clock: Pick<Clock, 'now'>;
}

const signTimeoutMs = 5000;

/**
 * Makes a key and has it certified, for as long as the signer gives such a subject by default. Fails with `sign_refused` or with
 * what the bus fails with.
 */
export async function obtainCertificate(
  { bus, clock }: CertificateTools,
  subject: CertificateSubject,
): Promise<HeldCertificate> {
  const pair = await createKeyPair();
  const question = { pair, subject, validityMs: 0, asker: 'injector', nowMs: clock.now() };
  const request = await sealSignRequest(question);
  const response = await bus.request(subjects.sign, request, { timeoutMs: signTimeoutMs });
  if (response.kind === 'error') throw response.error;
  const { result } = response.value;
  if (result?.$case !== 'issued') {
    const reason = result === undefined ? 'an empty answer' : result.value.message;
    throw new MeshError('sign_refused', `the certificate manager refused: ${reason}`);
  }
  const { chainPem, bundle } = result.value;
  if (bundle === undefined)
    throw new MeshError('sign_refused', 'the certificate manager sent no trust bundle');
  return { chainPem, bundle, privateKeyPem: await exportPrivateKeyPem(pair) };
}
