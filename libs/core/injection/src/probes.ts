import { asObject, asObjects, asText, type Json, type JsonObject } from './json.ts';
import { sidecarPorts } from './sidecar.ts';

export const probeTypes = ['liveness', 'readiness', 'startup'] as const;
export type ProbeType = (typeof probeTypes)[number];

/** A probe that the proxy forwards to the application. */
export interface ForwardedProbe {
  readonly container: string;
  readonly type: ProbeType;
  /**
   * - `http`: HTTP to the application;
   * - `tls-passthrough`: the kubelet's TLS goes through untouched. There is room for one per type and pod: nothing in a
   *   probe's handshake tells containers apart;
   * - `tls-origination`: the second one of a type. The kubelet asks by HTTP, and the proxy speaks TLS without verifying, as the
   *   kubelet would. (OSM let one of them win, by chance.)
   */
  readonly kind: 'http' | 'tls-passthrough' | 'tls-origination';
  /** Path at the proxy: one per container. Not used by `tls-passthrough`. */
  readonly path: string;
  /** Path at the application, with query. */
  readonly originalPath: string;
  readonly port: number;
  /** The probe's own limit: OSM cut every probe after a second. */
  readonly timeoutSeconds: number;
}

export interface RewrittenProbes {
  readonly containers: readonly JsonObject[];
  readonly forwarded: readonly ForwardedProbe[];
  /** Types that some container has, TCP probes included. */
  readonly types: readonly ProbeType[];
  /** Some probe opens a TCP connection: the pod needs the container osm-healthcheck. */
  readonly needsTcpHealth: boolean;
}

/** What rewriting one probe gives, with what the pod's other probes have to know. */
interface Rewriting {
  readonly probe: JsonObject;
  readonly forwarded: ForwardedProbe | undefined;
}

/**
 * Redirects HTTP and TCP probes of the containers to the sidecar, because the kubelet cannot speak mesh TLS. Probes by command
 * or gRPC stay, and so does one whose named port no container port has: the kubelet then says what is wrong. Init containers are
 * not touched: they run before the redirection.
 */
export function rewriteProbes(containers: readonly JsonObject[]): RewrittenProbes {
  const forwarded: ForwardedProbe[] = [];
  const types = new Set<ProbeType>();
  let needsTcpHealth = false;
  const rewritten = containers.map((container) => {
    const changed: Record<string, Json> = { ...container };
    for (const type of probeTypes) {
      const probe = asObject(container[`${type}Probe`]);
      if (probe === undefined) continue;
      const taken = forwarded.some((each) => each.type === type && each.kind === 'tls-passthrough');
      const result = rewriteProbe({ container, type, probe, tlsPassthroughTaken: taken });
      if (result === undefined) continue;
      changed[`${type}Probe`] = result.probe;
      types.add(type);
      if (result.forwarded === undefined) needsTcpHealth = true;
      else forwarded.push(result.forwarded);
    }
    return changed;
  });
  return {
    containers: rewritten,
    forwarded,
    types: probeTypes.filter((type) => types.has(type)),
    needsTcpHealth,
  };
}

interface ProbeRewrite {
  readonly container: JsonObject;
  readonly type: ProbeType;
  readonly probe: JsonObject;
  readonly tlsPassthroughTaken: boolean;
}

function rewriteProbe(request: ProbeRewrite): Rewriting | undefined {
  const httpGet = asObject(request.probe['httpGet']);
  if (httpGet !== undefined) return rewriteHttp(request, httpGet);
  const tcpSocket = asObject(request.probe['tcpSocket']);
  return tcpSocket === undefined ? undefined : rewriteTcp(request, tcpSocket);
}

function rewriteHttp(request: ProbeRewrite, httpGet: JsonObject): Rewriting | undefined {
  const { container, type, probe, tlsPassthroughTaken } = request;
  const port = resolvePort(container, httpGet['port']);
  if (port === undefined) return undefined;
  const isTls = asText(httpGet['scheme'])?.toUpperCase() === 'HTTPS';
  const kind = isTls ? (tlsPassthroughTaken ? 'tls-origination' : 'tls-passthrough') : 'http';
  const name = asText(container['name']) ?? '';
  const forwarded: ForwardedProbe = {
    container: name,
    type,
    kind,
    path: `/osm-${type}-probe/${name}`,
    originalPath: asText(httpGet['path']) ?? '/',
    port,
    timeoutSeconds: timeoutSeconds(probe),
  };
  const toProxy: Record<string, Json> = { ...httpGet, port: sidecarPorts[type] };
  if (kind !== 'tls-passthrough') toProxy['path'] = forwarded.path;
  if (kind === 'tls-origination') toProxy['scheme'] = 'HTTP';
  return { probe: { ...probe, httpGet: toProxy }, forwarded };
}

function rewriteTcp(request: ProbeRewrite, tcpSocket: JsonObject): Rewriting | undefined {
  const port = resolvePort(request.container, tcpSocket['port']);
  if (port === undefined) return undefined;
  const rest = Object.entries(request.probe).filter(([key]) => key !== 'tcpSocket');
  const httpGet = {
    path: '/osm-healthcheck',
    port: sidecarPorts.tcpHealth,
    httpHeaders: [{ name: 'Original-Tcp-Port', value: String(port) }],
  };
  return { probe: { ...Object.fromEntries(rest), httpGet }, forwarded: undefined };
}

function timeoutSeconds(probe: JsonObject): number {
  const value = probe['timeoutSeconds'];
  return typeof value === 'number' && value >= 1 ? value : 1;
}

/** A number, a number in text, or the name of a port of the same container (as the kubelet reads it). */
function resolvePort(container: JsonObject, port: Json | undefined): number | undefined {
  if (typeof port === 'number') return port;
  if (typeof port !== 'string') return undefined;
  const named = asObjects(container['ports'])?.find((each) => each['name'] === port);
  const number = named === undefined ? Number(port) : named['containerPort'];
  return typeof number === 'number' && Number.isInteger(number) ? number : undefined;
}
