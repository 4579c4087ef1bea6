import type { SignRequest, SignResponse, TrustBundle } from '@osm/proto-mesh';

/**
 * Where certificates come from. The built-in CA is one; others (Vault, cert-manager) answer the same contract:
 * testing/provider-contract.ts. A request that cannot be granted is answered with `refused`; only what no requester can help
 * (a lost connection, a bug) is thrown.
 */
export interface CertificateProvider {
  /** The roots that everyone has to trust for what `sign` issues. */
  readonly bundle: () => TrustBundle;
  readonly sign: (request: SignRequest) => Promise<SignResponse>;
}
