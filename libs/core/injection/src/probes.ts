import { isNativeSidecar, type SidecarForm } from './form.ts';
import { asObject, asObjects, asText, type Json, type JsonObject } from './json.ts';
import type { AdmittedPod } from './pod.ts';
import { grpcProbePortsMax, sidecarPorts } from './sidecar.ts';

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

/** Where the proxy takes gRPC probes for one port of the application: nothing else in a probe tells ports apart. */
export interface ForwardedGrpcPort {
  readonly proxyPort: number;
  readonly port: number;
  /** The longest of its probes. */
  readonly timeoutSeconds: number;
}

/** What the proxy of a pod has to know of the pod's probes. It is kept with the bootstrap: the pod itself no longer tells. */
export interface ProbeForwarding {
  readonly http: readonly ForwardedProbe[];
  readonly grpc: readonly ForwardedGrpcPort[];
}

export interface RewrittenProbes {
  readonly containers: readonly JsonObject[];
  readonly initContainers: readonly JsonObject[];
  readonly forwarded: ProbeForwarding;
  /** Types that some container has, TCP probes included. */
  readonly types: readonly ProbeType[];
  /** Some probe opens a TCP connection: the pod needs the container osm-healthcheck. */
  readonly needsTcpHealth: boolean;
}

/** What is known of the probes of a pod while they are rewritten. */
interface Findings {
  readonly http: ForwardedProbe[];
  readonly grpc: ForwardedGrpcPort[];
  readonly types: Set<ProbeType>;
  needsTcpHealth: boolean;
  /** What an earlier call has rewritten. */
  readonly known: ProbeForwarding;
}

/** A pod without probes for its sidecar to answer. */
export const noForwarding: ProbeForwarding = { http: [], grpc: [] };

/**
 * Redirects HTTP, TCP and gRPC probes to the sidecar, because the kubelet cannot speak mesh TLS. Probes by command stay, and so does one
 * whose named port no container port has: the kubelet then says what is wrong. Of init containers only native sidecars have probes; beside
 * a classic proxy, which starts after them, they stay as they are. Probes that were rewritten before are found in `known`.
 */
export function rewriteProbes(
  pod: Pick<AdmittedPod, 'containers' | 'initContainers'>,
  form: SidecarForm,
  known: ProbeForwarding = noForwarding,
): RewrittenProbes {
  const found: Findings = { http: [], grpc: [], types: new Set(), needsTcpHealth: false, known };
  const containers = pod.containers.map((container) => rewriteContainer(container, found));
  const initContainers = pod.initContainers.map((container) =>
    form === 'native' && isNativeSidecar(container)
      ? rewriteContainer(container, found)
      : container,
  );
  return {
    containers,
    initContainers,
    forwarded: { http: found.http, grpc: found.grpc },
    types: probeTypes.filter((type) => found.types.has(type)),
    needsTcpHealth: found.needsTcpHealth,
  };
}

function rewriteContainer(container: JsonObject, found: Findings): JsonObject {
  const changed: Record<string, Json> = { ...container };
  for (const type of probeTypes) {
    const probe = asObject(container[`${type}Probe`]);
    if (probe !== undefined)
      changed[`${type}Probe`] = rewriteProbe({ container, type, probe, found });
  }
  return changed;
}

interface ProbeRewrite {
  readonly container: JsonObject;
  readonly type: ProbeType;
  readonly probe: JsonObject;
  readonly found: Findings;
}

function rewriteProbe(request: ProbeRewrite): JsonObject {
  const { probe } = request;
  const httpGet = asObject(probe['httpGet']);
  if (httpGet !== undefined) return rewriteHttp(request, httpGet);
  const tcpSocket = asObject(probe['tcpSocket']);
  if (tcpSocket !== undefined) return rewriteTcp(request, tcpSocket);
  const grpc = asObject(probe['grpc']);
  return grpc === undefined ? probe : rewriteGrpc(request, grpc);
}

function rewriteHttp(request: ProbeRewrite, httpGet: JsonObject): JsonObject {
  const { container, type, probe, found } = request;
  const name = asText(container['name']) ?? '';
  if (isTcpHealth(httpGet)) {
    noteTcpHealth(request);
    return probe;
  }
  const before = found.known.http.find((each) => each.container === name && each.type === type);
  if (before !== undefined && httpGet['port'] === sidecarPorts[type]) {
    noteHttp(request, before);
    return probe;
  }
  const port = resolvePort(container, httpGet['port']);
  if (port === undefined) return probe;
  const isTls = asText(httpGet['scheme'])?.toUpperCase() === 'HTTPS';
  const taken = [...found.http, ...found.known.http].some(
    (each) => each.type === type && each.kind === 'tls-passthrough',
  );
  const kind = isTls ? (taken ? 'tls-origination' : 'tls-passthrough') : 'http';
  const forwarded: ForwardedProbe = {
    container: name,
    type,
    kind,
    path: `/osm-${type}-probe/${name}`,
    originalPath: asText(httpGet['path']) ?? '/',
    port,
    timeoutSeconds: timeoutSeconds(probe),
  };
  noteHttp(request, forwarded);
  const toProxy: Record<string, Json> = { ...httpGet, port: sidecarPorts[type] };
  if (kind !== 'tls-passthrough') toProxy['path'] = forwarded.path;
  if (kind === 'tls-origination') toProxy['scheme'] = 'HTTP';
  return { ...probe, httpGet: toProxy };
}

function noteHttp({ type, found }: ProbeRewrite, forwarded: ForwardedProbe): void {
  found.http.push(forwarded);
  found.types.add(type);
}

const tcpHealthPath = '/osm-healthcheck';

function isTcpHealth(httpGet: JsonObject): boolean {
  return httpGet['port'] === sidecarPorts.tcpHealth && httpGet['path'] === tcpHealthPath;
}

function noteTcpHealth({ type, found }: ProbeRewrite): void {
  found.needsTcpHealth = true;
  found.types.add(type);
}

function rewriteTcp(request: ProbeRewrite, tcpSocket: JsonObject): JsonObject {
  const port = resolvePort(request.container, tcpSocket['port']);
  if (port === undefined) return request.probe;
  noteTcpHealth(request);
  const rest = Object.entries(request.probe).filter(([key]) => key !== 'tcpSocket');
  const httpGet = {
    path: tcpHealthPath,
    port: sidecarPorts.tcpHealth,
    httpHeaders: [{ name: 'Original-Tcp-Port', value: String(port) }],
  };
  return { ...Object.fromEntries(rest), httpGet };
}

function rewriteGrpc({ probe, found }: ProbeRewrite, grpc: JsonObject): JsonObject {
  const given = grpc['port'];
  if (typeof given !== 'number') return probe;
  const known = [...found.grpc, ...found.known.grpc];
  const before = known.find(({ proxyPort, port }) => port === given || proxyPort === given);
  const used = new Set(known.map(({ proxyPort }) => proxyPort));
  if (before === undefined && used.size >= grpcProbePortsMax) return probe;
  const forwarded: ForwardedGrpcPort = {
    proxyPort: before?.proxyPort ?? sidecarPorts.firstGrpcProbe + used.size,
    port: before?.port ?? given,
    timeoutSeconds: Math.max(before?.timeoutSeconds ?? 1, timeoutSeconds(probe)),
  };
  const at = found.grpc.findIndex(({ port }) => port === forwarded.port);
  if (at === -1) found.grpc.push(forwarded);
  else found.grpc[at] = forwarded;
  return { ...probe, grpc: { ...grpc, port: forwarded.proxyPort } };
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
