import { openSignRequest, readSignRequest } from '@osm/pki';
import { assertNever, err, ok, type Clock, type MeshError, type Result } from '@osm/prelude';
import type { SignedRequest, SignRequest } from '@osm/proto-mesh';
import { grantProblem } from './grants.ts';
import type { KnownIdentities } from './known-identities.ts';
import { createReplayGuard } from './replay-guard.ts';
import type { Refusal } from './refusal.ts';
import { requestSubject } from './request-subject.ts';

interface JudgeOptions {
  readonly identities: KnownIdentities;
  readonly clock: Pick<Clock, 'now'>;
  /** Checks that a question is signed by its own key; a simulation has no keys. */
  readonly open?: OpenRequest | undefined;
}

export type OpenRequest = (signed: SignedRequest) => Promise<Result<SignRequest, MeshError>>;

/** Decides whether a question is to be answered with a certificate; the contract of proto/osm/trust/v1/trust.proto. */
export type Judge = (signed: SignedRequest, asker: string) => Promise<Result<SignRequest, Refusal>>;

/** The same for every provider: what is behind the certificate manager only signs. */
export function createJudge({ identities, clock, open = openSignRequest }: JudgeOptions): Judge {
  const guard = createReplayGuard();
  return async (signed, asker) => {
    // What needs no signature to be refused comes first: a flood must not cost what a certificate costs.
    const read = readSignRequest(signed);
    if (read.kind === 'error') return no('invalid_proof', read.error.message);
    const request = read.value;
    if (request.asker !== asker)
      return no(
        'invalid_proof',
        `the request was made by ${request.asker || 'nobody'}, not ${asker}`,
      );
    const repeated = guard.check(request, clock.now());
    if (repeated !== undefined) return err(repeated);
    const subject = requestSubject(request.subject);
    if (subject === undefined) return no('invalid_subject', 'the request names no subject');
    const problem = grantProblem(asker, subject);
    if (problem !== undefined) return no('forbidden', problem);
    const opened = await open(signed);
    if (opened.kind === 'error') return no('invalid_proof', opened.error.message);
    // Now it is known to come from whom it says; another one with the same nonce may have come in between.
    const replayed = guard.admit(request, clock.now());
    if (replayed !== undefined) return err(replayed);
    if (subject.kind === 'controlPlane') return ok(request);
    const { namespace, serviceAccount } = subject.identity;
    const verdict = await identities.await(subject.identity);
    switch (verdict) {
      case 'known':
        return ok(request);
      case 'unknown':
        return no(
          'unknown_identity',
          `service account ${namespace}/${serviceAccount} is not in the mesh: it must exist, in a namespace that the mesh monitors`,
        );
      case 'unready':
        return no('not_ready', 'the catalog is not known yet: is the catalog-watcher running?');
      default:
        return assertNever(verdict);
    }
  };
}

function no(code: Refusal['code'], message: string): Result<never, Refusal> {
  return err({ code, message });
}
