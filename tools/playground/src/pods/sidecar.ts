import { pause } from '../process/backoff.ts';
import type { Dialer } from '../network/dialer.ts';

/** OSM's name of the sidecar container, and the port of its admin interface (as OSM). */
export const sidecarName = 'envoy';
export const adminPort = 15000;

/** Resolves true when Envoy has its first configuration and all listeners (LIVE), false when the signal aborts before. */
export async function waitUntilLive(
  dialer: Dialer,
  pid: number,
  signal: AbortSignal,
): Promise<boolean> {
  while (!signal.aborted) {
    if (await isLive(dialer, pid)) return true;
    await pause(30, signal);
  }
  return false;
}

async function isLive(dialer: Dialer, pid: number): Promise<boolean> {
  try {
    const answer = await dialer.http(pid, { port: adminPort, path: '/ready', timeoutMs: 1000 });
    return answer.status === 200;
  } catch {
    return false;
  }
}
