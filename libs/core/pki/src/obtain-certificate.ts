import { MeshError, pause, type Clock, type Result } from '@osm/prelude';
import type { CertificateSubject, SignedRequest, SignResponse, TrustBundle } from '@osm/proto-mesh';
import { createKeyPair, exportPrivateKeyPem, type KeyPair } from './key-pair.ts';
import type { SecretText } from './secret-text.ts';
import { sealSignRequest } from './sign-request.ts';

/** A certificate with the key that was made for it here. */
export interface HeldCertificate {
  readonly chainPem: string;
  readonly notAfterMs: number;
  readonly privateKeyPem: SecretText;
  readonly bundle: TrustBundle;
}

/** Who asks for certificates, and how. */
export interface CertificateAsker {
  /** The service, as the bus knows it. */
  readonly asker: string;
  readonly clock: Clock;
  /** Puts the question to the certificate manager, and waits so long for an answer. */
  readonly ask: (
    request: SignedRequest,
    options: { readonly timeoutMs: number },
  ) => Promise<Result<SignResponse, Error>>;
}

/** An answer can get lost, when NATS reads its configuration anew: then it is asked again, as long as somebody waits for a pod. */
const attemptMs = 2_000;
const patienceMs = 6_000;
const pauseMs = 200;

/**
 * Makes a key and has it certified, for as long as the signer gives such a subject by default. What may get better in a moment is tried
 * again for a few seconds. Fails with `sign_refused` or with what asking fails with.
 */
export async function obtainCertificate(
  asker: CertificateAsker,
  subject: CertificateSubject,
): Promise<HeldCertificate> {
  const { clock } = asker;
  const pair = await createKeyPair();
  const untilMs = clock.now() + patienceMs;
  for (;;) {
    const answer = await askOnce(asker, pair, subject);
    if (answer.kind === 'issued') {
      const { chainPem, notAfterMs, bundle } = answer;
      return { chainPem, notAfterMs, bundle, privateKeyPem: await exportPrivateKeyPem(pair) };
    }
    if (!answer.mayGetBetter || clock.now() + pauseMs > untilMs) throw answer.error;
    await pause(clock, pauseMs);
  }
}

/** What a server of HTTPS needs, PEM. */
export interface ServerCertificate {
  readonly cert: string;
  readonly key: string;
  readonly notAfterMs: number;
}

/** Obtains the certificate of a Service of the control plane: its name as the API server calls it, and that of a developer's machine. */
export async function obtainServerCertificate(
  asker: CertificateAsker,
  { name, namespace }: { readonly name: string; readonly namespace: string },
): Promise<ServerCertificate> {
  const value = { name, dnsNames: [`${name}.${namespace}.svc`, 'localhost'] };
  const held = await obtainCertificate(asker, { kind: { $case: 'controlPlane', value } });
  const { chainPem: cert, notAfterMs, privateKeyPem } = held;
  return { cert, key: privateKeyPem.reveal(), notAfterMs };
}

type Answer =
  | {
      readonly kind: 'issued';
      readonly chainPem: string;
      readonly notAfterMs: number;
      readonly bundle: TrustBundle;
    }
  | { readonly kind: 'failed'; readonly error: MeshError; readonly mayGetBetter: boolean };

async function askOnce(
  { ask, asker, clock }: CertificateAsker,
  pair: KeyPair,
  subject: CertificateSubject,
): Promise<Answer> {
  const question = { pair, subject, validityMs: 0, asker, nowMs: clock.now() };
  const response = await ask(await sealSignRequest(question), { timeoutMs: attemptMs });
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
