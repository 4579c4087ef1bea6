import { renewAtMs } from '@osm/pki';
import { MeshError, pause, type Clock, type Random } from '@osm/prelude';
import type { CertificateSubject } from '@osm/proto-mesh';
import type { Logger } from '@osm/telemetry';
import type { CertificateSource, IssuedCertificate } from './certificate-source.ts';

interface ServerCertificateOptions {
  readonly source: CertificateSource;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Resolves when the bus is connected; asking before only fails. */
  readonly connected: () => Promise<void>;
}

/** The name that sidecars pin: `ads.<trust domain>`. */
const subject: CertificateSubject = {
  kind: { $case: 'controlPlane', value: { name: 'ads', dnsNames: [] } },
};

/** Clocks that disagree must not make a loop of renewals. */
const renewMsMin = 500;
const retryMsMin = 200;
const retryMsMax = 5000;

/** This server's own certificates: the first one, and each that replaces it. Attempts go on until the signal aborts. */
export async function* watchServerCertificate(
  options: ServerCertificateOptions,
): AsyncGenerator<IssuedCertificate> {
  const { clock, log, signal } = options;
  let failures = 0;
  while (!signal.aborted) {
    try {
      await options.connected();
      if (signal.aborted) return;
      const certificate = await options.source(subject, 0);
      failures = 0;
      yield certificate;
      const renewInMs = renewAtMs(certificate, options.random.next()) - clock.now();
      await pause(clock, Math.max(renewMsMin, renewInMs), signal);
    } catch (thrown) {
      const delayMs = Math.min(retryMsMax, retryMsMin * 2 ** failures++);
      const err = MeshError.from(thrown);
      log.warn('no certificate for this server yet', { code: err.code, err, delayMs });
      await pause(clock, delayMs, signal);
    }
  }
}
