import { MeshError } from '@osm/prelude';

/** What the user gave, to be named in an explanation. */
interface Facts {
  readonly url: string;
  readonly secure: boolean;
  readonly hosts: readonly string[];
}

/** Says why there is no connection, and what to do about it. */
export function explainFailure(thrown: unknown, facts: Facts): MeshError {
  const error = MeshError.from(thrown, 'bus_unavailable');
  const remedy = remedyOf(error, facts);
  if (remedy === undefined) return error;
  return new MeshError(error.code, `${facts.url}: ${remedy}`, { cause: thrown });
}

const speaksTls = 'the server speaks TLS only: write tls:// and give --nats-ca';

function remedyOf(error: MeshError, { secure, hosts }: Facts): string | undefined {
  const { code, message } = rootOf(error);
  // To a server that wants TLS the client speaks it unasked, and then trusts what the system trusts.
  if (!secure && /CERT|ISSUER|SIGNATURE/.test(code)) return speaksTls;
  switch (code) {
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'CERT_SIGNATURE_FAILURE':
      return 'its certificate was signed by nobody of --nats-ca: give the PEM of who signs it now';
    case 'CERT_HAS_EXPIRED':
      return 'its certificate has expired: replace it and reload the server (SIGHUP)';
    case 'CERT_NOT_YET_VALID':
      return 'its certificate is not valid yet: compare the clocks of both machines';
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `its certificate is not for ${hosts.join(', ')}: ${message}. Give the server one with that name, or use its name in --nats-url`;
    case 'SERVER_OPT_NA':
      return 'the server speaks no TLS, so this may not be the right one: configure its certificate, or write nats:// on this machine';
    case 'AUTHORIZATION_VIOLATION':
      return 'the server does not know the key of --nats-credentials: add its public key to the configuration and reload it (SIGHUP)';
  }
  return undefined;
}

/** The client wraps what the socket says. */
function rootOf(error: unknown): { readonly code: string; readonly message: string } {
  let found = { code: '', message: '' };
  const seen = new Set<unknown>();
  for (let each = error; each instanceof Error && !seen.has(each);) {
    seen.add(each);
    const { code, chainedError, cause } = each as Error & {
      readonly code?: unknown;
      readonly chainedError?: unknown;
    };
    if (typeof code === 'string') found = { code, message: each.message };
    each = chainedError ?? cause;
  }
  return found;
}
