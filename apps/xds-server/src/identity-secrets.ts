import { formatIdentity, parseIdentity, type Identity, type IdentityText } from '@osm/model';
import { renewAtMs } from '@osm/pki';
import { MeshError, type Clock, type Random } from '@osm/prelude';
import type { TrustBundle } from '@osm/proto-mesh';
import type { Logger } from '@osm/telemetry';
import { createConfigNode, type ConfigNode } from '@osm/xds';
import type { CertificateSource, IssuedCertificate } from './certificate-source.ts';
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
  certificate: IssuedCertificate | undefined;
  node: ConfigNode | undefined;
  isIssuing: boolean;
  failures: number;
  /** Cancels the timer of the next renewal or attempt. */
  cancel: (() => void) | undefined;
}

/** Requests under way at once: enough to keep the signers busy, few enough that none waits long. */
const issuingMax = 64;
const retryMsMin = 200;
const retryMsMax = 10_000;

/** Creates an empty store. */
export function createIdentitySecrets(options: IdentitySecretsOptions): IdentitySecrets {
  const { clock, log, metrics } = options;
  const entries = new Map<IdentityText, Entry>();
  const queue: Entry[] = [];
  let issuing = 0;
  let trust: ConfigNode | undefined;

  const makeNode = (entry: Entry): void => {
    const { certificate } = entry;
    entry.node =
      certificate === undefined || trust === undefined
        ? undefined
        : createConfigNode('secrets', [encodeIdentitySecret(certificate)], [trust]);
  };

  const isAlive = (entry: Entry): boolean => entries.get(formatIdentity(entry.identity)) === entry;

  const schedule = (entry: Entry, delayMs: number): void => {
    entry.cancel?.();
    entry.cancel = clock.after(delayMs, () => request(entry));
  };

  const request = (entry: Entry): void => {
    entry.cancel?.();
    entry.cancel = undefined;
    if (entry.isIssuing) return;
    entry.isIssuing = true;
    queue.push(entry);
    pump();
  };

  const pump = (): void => {
    while (issuing < issuingMax) {
      const entry = queue.shift();
      if (entry === undefined) return;
      if (!isAlive(entry)) continue;
      issuing++;
      void issue(entry).finally(() => {
        issuing--;
        pump();
      });
    }
  };

  const issue = async (entry: Entry): Promise<void> => {
    const startMs = clock.now();
    const { identity } = entry;
    try {
      const certificate = await options.source(
        { kind: { $case: 'workload', value: { ...identity } } },
        options.validityMs,
      );
      entry.isIssuing = false;
      entry.failures = 0;
      metrics.certificates.inc();
      metrics.certificateSeconds.observe((clock.now() - startMs) / 1000);
      if (!isAlive(entry)) return;
      entry.certificate = certificate;
      makeNode(entry);
      schedule(entry, renewAtMs(certificate, options.random.next()) - clock.now());
      options.onChange([identity]);
    } catch (thrown) {
      entry.isIssuing = false;
      metrics.certificateErrors.inc();
      const delayMs = Math.min(retryMsMax, retryMsMin * 2 ** entry.failures++);
      const err = MeshError.from(thrown);
      log.warn('no certificate for a workload yet', { identity, code: err.code, err, delayMs });
      if (isAlive(entry)) schedule(entry, delayMs);
    }
  };

  return {
    attach: (identity) => {
      const text = formatIdentity(identity);
      const known = entries.get(text);
      if (known !== undefined) {
        known.streams++;
        return;
      }
      const entry: Entry = {
        identity: parseIdentity(text),
        streams: 1,
        certificate: undefined,
        node: undefined,
        isIssuing: false,
        failures: 0,
        cancel: undefined,
      };
      entries.set(text, entry);
      request(entry);
    },
    detach: (identity) => {
      const text = formatIdentity(identity);
      const entry = entries.get(text);
      if (entry === undefined || --entry.streams > 0) return;
      entry.cancel?.();
      entries.delete(text);
    },
    node: (identity) => entries.get(formatIdentity(identity))?.node,
    setTrust: (bundle) => {
      trust = createConfigNode('trust', [encodeTrustSecret(bundle)], []);
      for (const entry of entries.values()) makeNode(entry);
      options.onChange([...entries.values()].map((entry) => entry.identity));
    },
    retryNow: () => {
      for (const entry of entries.values()) if (entry.failures > 0) request(entry);
    },
    close: () => {
      for (const entry of entries.values()) entry.cancel?.();
      entries.clear();
    },
  };
}
