import { subjects, type Bus } from '@osm/bus';
import {
  createKeyPair,
  exportPrivateKeyPem,
  sealSignRequest,
  type SecretText,
  type Validity,
} from '@osm/pki';
import { MeshError, type Clock } from '@osm/prelude';
import type { CertificateSubject } from '@osm/proto-mesh';

/** A certificate with its key, which was made here and stays here. */
export interface IssuedCertificate extends Validity {
  /** Leaf first. */
  readonly chainPem: string;
  readonly privateKeyPem: SecretText;
}

/** Obtains certificates. Fails with `bus_unavailable`, `bus_timeout` or `sign_refused`. */
export type CertificateSource = (
  subject: CertificateSubject,
  /** 0 = what the certificate manager gives. */
  validityMs: number,
) => Promise<IssuedCertificate>;

/** Then it is asked again: an answer can get lost when NATS reads its configuration anew. */
const signTimeoutMs = 3_000;

/** A key made here, a CSR over the bus, and the chain that comes back. */
export function createCertificateSource(bus: Bus, clock: Pick<Clock, 'now'>): CertificateSource {
  return async (subject, validityMs) => {
    const pair = await createKeyPair();
    const question = { pair, subject, validityMs, asker: 'xds-server', nowMs: clock.now() };
    const request = await sealSignRequest(question);
    const response = await bus.request(subjects.sign, request, { timeoutMs: signTimeoutMs });
    if (response.kind === 'error') throw response.error;
    const { result } = response.value;
    if (result?.$case !== 'issued') {
      const reason =
        result === undefined ? 'an empty answer' : `${result.value.code}: ${result.value.message}`;
      throw new MeshError('sign_refused', `the certificate manager refused: ${reason}`);
    }
    const { chainPem, notBeforeMs, notAfterMs } = result.value;
    return { chainPem, notBeforeMs, notAfterMs, privateKeyPem: await exportPrivateKeyPem(pair) };
  };
}
