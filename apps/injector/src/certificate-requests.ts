import { subjects, type Bus } from '@osm/bus';
import {
  createKeyPair,
  exportPrivateKeyPem,
  sealSignRequest,
  type KeyPair,
  type SecretText,
} from '@osm/pki';
import { MeshError, pause, type Clock } from '@osm/prelude';
import type { CertificateSubject, TrustBundle } from '@osm/proto-mesh';

/** A certificate with the key that was made for it here. */
export interface HeldCertificate {
  readonly chainPem: string;
  readonly notAfterMs: number;
  readonly privateKeyPem: SecretText;
  readonly bundle: TrustBundle;
}

interface CertificateTools {
  readonly bus: Bus;
  readonly clock: Clock;
}

/** An answer can get lost, when NATS reads its configuration anew: then it is asked again, as long as somebody waits for a pod. */
const attemptMs = 2_000;
const patienceMs = 6_000;
const pauseMs = 200;

/**
 * Makes a key and has it certified, for as long as the signer gives such a subject by default. What may get better in a moment is tried
 * again for a few seconds. Fails with `sign_refused` or with what the bus fails with.
 */
export async function obtainCertificate(
  tools: CertificateTools,
  subject: CertificateSubject,
): Promise<HeldCertificate> {
  const { clock } = tools;
  const pair = await createKeyPair();
  const untilMs = clock.now() + patienceMs;
  for (;;) {
    const answer = await ask(tools, pair, subject);
    if (answer.kind === 'issued') {
      const { chainPem, notAfterMs, bundle } = answer;
      return { chainPem, notAfterMs, bundle, privateKeyPem: await exportPrivateKeyPem(pair) };
    }
    if (!answer.mayGetBetter || clock.now() + pauseMs > untilMs) throw answer.error;
    await pause(clock, pauseMs);
  }
}

type Answer =
  | {
      readonly kind: 'issued';
      readonly chainPem: string;
      readonly notAfterMs: number;
      readonly bundle: TrustBundle;
    }
  | { readonly kind: 'failed'; readonly error: MeshError; readonly mayGetBetter: boolean };

async function ask(
  { bus, clock }: CertificateTools,
  pair: KeyPair,
  subject: CertificateSubject,
): Promise<Answer> {
  const question = { pair, subject, validityMs: 0, asker: 'injector', nowMs: clock.now() };
  const request = await sealSignRequest(question);
  const response = await bus.request(subjects.sign, request, { timeoutMs: attemptMs });
  if (response.kind === 'error') {
    const error = MeshError.from(response.error);
    return { kind: 'failed', error, mayGetBetter: error.code === 'bus_timeout' };
  }
  const { result } = response.value;
  if (result?.$case !== 'issued') {
    const { code, message } = result?.value ?? { code: '', message: 'an empty answer' };
    const error = new MeshError('sign_refused', `the certificate manager refused: ${message}`);
    const mayGetBetter = code === 'not_ready' || code === 'unknown_identity';
    return { kind: 'failed', error, mayGetBetter };
  }
  const { chainPem, notAfterMs, bundle } = result.value;
  if (bundle !== undefined) return { kind: 'issued', chainPem, notAfterMs, bundle };
  const error = new MeshError('sign_refused', 'the certificate manager sent no trust bundle');
  return { kind: 'failed', error, mayGetBetter: false };
}
