import type { Clock } from '@osm/prelude';
import {
  chooseValidity,
  longValidityMs,
  subjectNames,
  trustBundleId,
  verifyCsr,
  type CertificateSubject,
} from '@osm/pki';
import type { SignRequest, SignResponse, TrustBundle } from '@osm/proto-mesh';
import { openCaDirectory } from './ca-directory.ts';
import type { CertificateProvider } from './provider.ts';
import { refuse } from './refusal.ts';
import { requestSubject } from './request-subject.ts';

export interface BuiltInCaOptions {
  /** Where the root is kept; made when it is empty. */
  readonly directory: string;
  readonly trustDomain: string;
  /** Shorter requests are raised to this. */
  readonly minValidityMs: number;
  readonly clock: Pick<Clock, 'now'>;
}

const serviceValidityMs = 24 * 3_600_000;

/** As OSM: a day for services; what sits in a pod or serves the control plane lasts as long as OSM's, ten years. */
const defaultValidityMs: Readonly<Record<CertificateSubject['kind'], number>> = {
  workload: serviceValidityMs,
  proxy: longValidityMs,
  controlPlane: longValidityMs,
};

/** The CA inside this process: one root from a directory, leaves signed directly by it. */
export async function createBuiltInCa(options: BuiltInCaOptions): Promise<CertificateProvider> {
  const { clock, trustDomain } = options;
  const issuer = await openCaDirectory(options.directory, clock.now());
  const id = await trustBundleId([issuer.certificatePem]);
  if (id.kind === 'error') throw id.error;
  const bundle: TrustBundle = { id: id.value, trustDomain, rootsPem: [issuer.certificatePem] };

  const sign = async (request: SignRequest): Promise<SignResponse> => {
    const subject = requestSubject(request.subject);
    if (subject === undefined) return refuse('invalid_subject', 'the request names no subject');
    const names = subjectNames(subject, trustDomain);
    if (names.kind === 'error') return refuse('invalid_subject', names.error);
    const csr = await verifyCsr(request.csrDer);
    if (csr.kind === 'error') return refuse('invalid_csr', csr.error.message);
    const nowMs = clock.now();
    if (nowMs >= issuer.facts.notAfterMs)
      return refuse('not_ready', 'the root of the mesh has expired: begin with a new one');
    const validity = chooseValidity({
      nowMs,
      requestedMs: request.validityMs,
      defaultMs: defaultValidityMs[subject.kind],
      minMs: options.minValidityMs,
      maxMs: longValidityMs,
      issuerNotAfterMs: issuer.facts.notAfterMs,
    });
    const leaf = await issuer.signLeaf({ csr: csr.value, names: names.value, validity });
    return {
      result: {
        $case: 'issued',
        value: {
          chainPem: leaf.certificatePem,
          notBeforeMs: leaf.notBeforeMs,
          notAfterMs: leaf.notAfterMs,
          bundle,
        },
      },
    };
  };
  return { bundle: () => bundle, sign };
}
