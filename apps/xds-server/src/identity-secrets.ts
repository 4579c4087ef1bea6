import { formatIdentity, parseIdentity, type Identity, type IdentityText } from '@osm/model';
import { renewAtMs } from '@osm/pki';
import { MeshError, type Clock, type Random } from '@osm/prelude';
import type { TrustBundle } from '@osm/proto-mesh';
import type { Logger } from '@osm/telemetry';
import { createConfigNode, type ConfigNode, type ResourceRecord } from '@osm/xds';
import type { CertificateSource } from './certificate-source.ts';
import type { XdsMetrics } from './metrics.ts';
import { encodeIdentitySecret, encodeTrustSecret } from './secret-records.ts';

/** The secrets of the identities that are connected: one certificate and key per identity, in memory only. */
export interface IdentitySecrets {
  /** A stream of this identity came: the first one causes a certificate to be issued. */
  readonly attach: (identity: Identity) => void;
  /** A stream went; with the last one of an identity its key is forgotten. */
  readonly detach: (identity: Identity) => void;
  /** The secrets as a closure; undefined until certificate and trust bundle are there. */
  readonly node: (identity: Identity) => ConfigNode | undefined;
  readonly setTrust: (bundle: TrustBundle) => void;
  /** Tries at once what failed: the bus is back. */
  readonly retryNow: () => void;
  readonly close: () => void;
}

interface IdentitySecretsOptions {
  readonly source: CertificateSource;
  readonly validityMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: XdsMetrics;
  /** The secrets of these identities are other ones now. */
  readonly onChange: (identities: readonly Identity[]) => void;
}

interface Entry {
  readonly identity: Identity;
  streams: number;
  /** The secret with the certificate in force. */
  record: ResourceRecord | undefined;
  node: ConfigNode | undefined;
  isIssuing: boolean;
  failures: number;
  /** Cancels the timer of the next renewal or attempt. */
  cancel: (() => void) | undefined;
}

/** Requests under way at once: enough to keep the signers busy, few enough that none waits long. */
const issuingMax = 64;
/** Clocks that disagree must not make a loop of renewals. */
const renewMsMin = 500;
const retryMsMin = 200;
const retryMsMax = 10_000;

interface Store {
  readonly options: IdentitySecretsOptions;
  readonly entries: Map<IdentityText, Entry>;
  /** Waiting for a place among those under way. */
  readonly queue: Entry[];
  issuing: number;
  trust: ConfigNode | undefined;
}

/** Creates an empty store. */
export function createIdentitySecrets(options: IdentitySecretsOptions): IdentitySecrets {
  const entries = new Map<IdentityText, Entry>();
  const store: Store = { options, entries, queue: [], issuing: 0, trust: undefined };
  return {
    attach: (identity) => attach(store, identity),
    detach: (identity) => {
      const text = formatIdentity(identity);
      const entry = entries.get(text);
      if (entry === undefined || --entry.streams > 0) return;
      entry.cancel?.();
      entries.delete(text);
    },
    node: (identity) => entries.get(formatIdentity(identity))?.node,
    setTrust: (bundle) => {
      store.trust = createConfigNode('trust', [encodeTrustSecret(bundle)], []);
      for (const entry of entries.values()) makeNode(store, entry);
      options.onChange([...entries.values()].map((entry) => entry.identity));
    },
    retryNow: () => {
      for (const entry of entries.values()) if (entry.failures > 0) request(store, entry);
    },
    close: () => {
      for (const entry of entries.values()) entry.cancel?.();
      entries.clear();
    },
  };
}

function attach(store: Store, identity: Identity): void {
  const text = formatIdentity(identity);
  const known = store.entries.get(text);
  if (known !== undefined) {
    known.streams++;
    return;
  }
  const entry: Entry = {
    identity: parseIdentity(text),
    streams: 1,
    record: undefined,
    node: undefined,
    isIssuing: false,
    failures: 0,
    cancel: undefined,
  };
  store.entries.set(text, entry);
  request(store, entry);
}

/** False once its last stream went; one that came later has an entry, and a key, of its own. */
function isAlive({ entries }: Store, entry: Entry): boolean {
  return entries.get(formatIdentity(entry.identity)) === entry;
}

function makeNode({ trust }: Store, entry: Entry): void {
  entry.node =
    entry.record === undefined || trust === undefined
      ? undefined
      : createConfigNode('secrets', [entry.record], [trust]);
}

function schedule(store: Store, entry: Entry, delayMs: number): void {
  entry.cancel?.();
  entry.cancel = store.options.clock.after(delayMs, () => request(store, entry));
}

function request(store: Store, entry: Entry): void {
  entry.cancel?.();
  entry.cancel = undefined;
  if (entry.isIssuing) return;
  entry.isIssuing = true;
  store.queue.push(entry);
  pump(store);
}

function pump(store: Store): void {
  while (store.issuing < issuingMax) {
    const entry = store.queue.shift();
    if (entry === undefined) return;
    if (!isAlive(store, entry)) continue;
    store.issuing++;
    void issue(store, entry).finally(() => {
      store.issuing--;
      pump(store);
    });
  }
}

async function issue(store: Store, entry: Entry): Promise<void> {
  const { clock, log, metrics, random, source, validityMs, onChange } = store.options;
  const { identity } = entry;
  const startMs = clock.now();
  try {
    const subject = { kind: { $case: 'workload', value: { ...identity } } } as const;
    const certificate = await source(subject, validityMs);
    metrics.certificates.inc();
    metrics.certificateSeconds.observe((clock.now() - startMs) / 1000);
    entry.isIssuing = false;
    entry.failures = 0;
    if (!isAlive(store, entry)) return;
    entry.record = encodeIdentitySecret(certificate);
    makeNode(store, entry);
    const renewInMs = renewAtMs(certificate, random.next()) - clock.now();
    schedule(store, entry, Math.max(renewMsMin, renewInMs));
    onChange([identity]);
  } catch (thrown) {
    const err = MeshError.from(thrown);
    metrics.certificateErrors.inc();
    entry.isIssuing = false;
    const delayMs = Math.min(retryMsMax, retryMsMin * 2 ** entry.failures++);
    log.warn('no certificate for a workload yet', { identity, code: err.code, err, delayMs });
    if (isAlive(store, entry)) schedule(store, entry, delayMs);
  }
}
