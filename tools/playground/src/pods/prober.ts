import { connect } from 'node:net';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { pause } from '../process/backoff.ts';
import { run } from '../process/run.ts';
import { joinFlags } from './container-process.ts';
import type { Container } from './pod-spec.ts';
import type { Probe, ProbeCheck } from './probe-spec.ts';

/** Where a probe goes. */
export interface ProbeTarget {
  readonly ip: string;
  readonly container: Container;
  /** Process whose namespaces an exec probe joins; undefined while the container does not run. */
  readonly pid: () => number | undefined;
}

export interface WatchOptions {
  readonly signal: AbortSignal;
  /** Ask more often than the period until it is healthy for the first time: a playground should start fast. */
  readonly eager: boolean;
  readonly report: (isHealthy: boolean) => void;
}

const eagerPeriodMs = 200;

/** Runs a probe until the signal aborts and reports each change of its verdict, thresholds applied. */
export async function watchProbe(
  probe: Probe,
  target: ProbeTarget,
  options: WatchOptions,
): Promise<void> {
  const { signal, eager, report } = options;
  await pause(probe.initialDelayMs, signal);
  let verdict: boolean | undefined;
  let wasHealthy = false;
  let good = 0;
  let badForMs = 0;
  while (!signal.aborted) {
    const isGood = await checkOnce(probe.check, target, probe.timeoutMs);
    const waitMs = eager && !wasHealthy ? Math.min(probe.periodMs, eagerPeriodMs) : probe.periodMs;
    good = isGood ? good + 1 : 0;
    // Failures count by the time they cover, so that asking eagerly does not use up the threshold sooner.
    badForMs = isGood ? 0 : badForMs + waitMs;
    const isBad = badForMs >= probe.failureThreshold * probe.periodMs;
    const now = isGood && good >= probe.successThreshold ? true : isBad ? false : verdict;
    wasHealthy ||= now === true;
    if (now !== undefined && now !== verdict && !signal.aborted) report(now);
    verdict = now;
    await pause(waitMs, signal);
  }
}

/** One attempt. Probes come from outside the pod, like the kubelet's. */
function checkOnce(check: ProbeCheck, target: ProbeTarget, timeoutMs: number): Promise<boolean> {
  switch (check.kind) {
    case 'http':
      return checkHttp(check, target, timeoutMs);
    case 'tcp':
      return checkTcp(check.host ?? target.ip, portNumber(check.port, target.container), timeoutMs);
    case 'exec':
      return checkExec(check.command, target, timeoutMs);
  }
}

/** A probe's port as a number; 0, which never answers, for a name that the container does not have. */
export function portNumber(port: number | string, container: Container): number {
  if (typeof port === 'number') return port;
  return container.ports.find((candidate) => candidate.name === port)?.port ?? 0;
}

function checkHttp(
  check: ProbeCheck & { readonly kind: 'http' },
  target: ProbeTarget,
  timeoutMs: number,
): Promise<boolean> {
  const options = {
    host: check.host ?? target.ip,
    port: portNumber(check.port, target.container),
    path: check.path.startsWith('/') ? check.path : `/${check.path}`,
    headers: {
      connection: 'close',
      ...Object.fromEntries(check.headers.map((header) => [header.name, header.value])),
    },
    // As the kubelet: an https probe does not verify.
    rejectUnauthorized: false,
    signal: AbortSignal.timeout(timeoutMs),
  };
  return new Promise((resolve) => {
    const outgoing = (check.scheme === 'https' ? httpsRequest : httpRequest)(
      options,
      (response) => {
        response.resume();
        const status = response.statusCode ?? 0;
        resolve(status >= 200 && status < 400);
      },
    );
    outgoing.once('error', () => resolve(false));
    outgoing.end();
  });
}

function checkTcp(host: string, port: number, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    const done = (isGood: boolean): void => {
      socket.destroy();
      resolve(isGood);
    };
    socket.once('connect', () => done(true));
    socket.once('timeout', () => done(false));
    socket.once('error', () => done(false));
  });
}

async function checkExec(
  command: readonly string[],
  target: ProbeTarget,
  timeoutMs: number,
): Promise<boolean> {
  const pid = target.pid();
  if (pid === undefined || command.length === 0) return false;
  const result = await run('nsenter', [...joinFlags(pid), '--', ...command], { timeoutMs });
  return result.status === 0;
}
