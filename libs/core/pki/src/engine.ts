import { CryptoEngine, setEngine } from 'pkijs';

/** The WebCrypto interface of the platform (Node, browsers): the only source of randomness and of signatures here. */
export type WebCrypto = typeof globalThis.crypto;

/** A handle on a key. The key material stays inside WebCrypto until it is exported on purpose. */
export type WebCryptoKey = Awaited<ReturnType<WebCrypto['subtle']['importKey']>>;

export const webCrypto: WebCrypto = globalThis.crypto;

/** pkijs on the platform's WebCrypto. Set explicitly: pkijs would otherwise guess, and differently per runtime. */
export const engine = new CryptoEngine({ name: 'webcrypto', crypto: webCrypto });

setEngine(engine.name, engine);

/** An engine that verifies with this key, whatever key it is given: importing the same key for every signature is slow. */
export function engineForKey(publicKey: WebCryptoKey): CryptoEngine {
  const own = new CryptoEngine({ name: 'webcrypto', crypto: webCrypto });
  own.getPublicKey = () => Promise.resolve(publicKey);
  return own;
}
