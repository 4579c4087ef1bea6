import { experimental, type ServerCredentials } from '@grpc/grpc-js';

/** What a server presents, and whom it trusts. All PEM. */
export interface TlsMaterial {
  /** Leaf first, then intermediates. */
  readonly certificateChainPem: string;
  readonly privateKeyPem: string;
  /** Roots that client certificates are verified against. */
  readonly rootsPem: readonly string[];
}

/** Certificates of a server that can be replaced while it serves. New connections use the new ones at once. */
export interface LiveTls {
  readonly update: (material: TlsMaterial) => void;
  readonly credentials: ServerCredentials;
}

interface CaUpdate {
  readonly caCertificate: Buffer;
}

interface IdentityUpdate {
  readonly certificate: Buffer;
  readonly privateKey: Buffer;
}

/** Credentials for mutual TLS, replaceable live. Open connections are not verified again: revoke by closing them. */
export function createLiveTls(material: TlsMaterial): LiveTls {
  let ca: CaUpdate;
  let identity: IdentityUpdate;
  const caListeners = new Set<(update: CaUpdate | null) => void>();
  const identityListeners = new Set<(update: IdentityUpdate | null) => void>();
  const load = (next: TlsMaterial): void => {
    ca = { caCertificate: Buffer.from(next.rootsPem.join('\n')) };
    identity = {
      certificate: Buffer.from(next.certificateChainPem),
      privateKey: Buffer.from(next.privateKeyPem),
    };
  };
  load(material);
  // Listeners are told in a later tick: grpc-js registers its own watcher only after it added the listener.
  const provider = {
    addCaCertificateListener: (listener: (update: CaUpdate | null) => void) => {
      caListeners.add(listener);
      process.nextTick(() => listener(ca));
    },
    removeCaCertificateListener: (listener: (update: CaUpdate | null) => void) => {
      caListeners.delete(listener);
    },
    addIdentityCertificateListener: (listener: (update: IdentityUpdate | null) => void) => {
      identityListeners.add(listener);
      process.nextTick(() => listener(identity));
    },
    removeIdentityCertificateListener: (listener: (update: IdentityUpdate | null) => void) => {
      identityListeners.delete(listener);
    },
  };
  return {
    update: (next) => {
      load(next);
      for (const listener of caListeners) listener(ca);
      for (const listener of identityListeners) listener(identity);
    },
    credentials: experimental.createCertificateProviderServerCredentials(provider, provider, true),
  };
}
