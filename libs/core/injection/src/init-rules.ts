import type { PodInterception } from './interception.ts';
import { sidecarPorts, sidecarUid } from './sidecar.ts';

/** What of the traffic of a pod is taken to its sidecar. */
export interface InitRulesOptions {
  readonly interception: PodInterception;
  /** MeshConfig localProxyMode: where the proxy finds the application, 127.0.0.1 or the pod's address. */
  readonly localProxyMode: 'Localhost' | 'PodIP';
  /** Where the proxy takes gRPC probes: the kubelet must reach them. */
  readonly grpcProbePorts: readonly number[];
}

/** iptables takes at most this many ports in one multiport match. More than that in one rule made OSM's init container fail. */
const multiportMax = 15;

/**
 * The shell script of the init container: the nat rules of OSM in their order, for `iptables-restore`. Only IPv4 TCP is
 * redirected. Exclusions win over inclusions. The shell replaces `$POD_IP`, which is used in PodIP mode only.
 */
export function emitInitScript(options: InitRulesOptions): string {
  const rules = [
    ...chains.map((chain) => `:${chain} - [0:0]`),
    ...inboundRules(options),
    ...outboundRules(options),
  ];
  return `iptables-restore --noflush <<EOF\n*nat\n${rules.join('\n')}\nCOMMIT\nEOF\n`;
}

const inbound = 'OSM_PROXY_INBOUND';
const inRedirect = 'OSM_PROXY_IN_REDIRECT';
const outbound = 'OSM_PROXY_OUTBOUND';
const outRedirect = 'OSM_PROXY_OUT_REDIRECT';
const chains = [inbound, inRedirect, outbound, outRedirect];

function inboundRules({ interception, grpcProbePorts }: InitRulesOptions): string[] {
  const { metrics, liveness, readiness, startup, tcpHealth, configured } = sidecarPorts;
  const probes = [liveness, readiness, startup, tcpHealth, configured, ...grpcProbePorts];
  const open = [metrics, ...probes];
  return [
    `-A ${inRedirect} -p tcp -j REDIRECT --to-port ${sidecarPorts.inbound}`,
    `-A PREROUTING -p tcp -j ${inbound}`,
    ...open.map((port) => `-A ${inbound} -p tcp --dport ${port} -j RETURN`),
    `-A ${inbound} -p tcp -j ${inRedirect}`,
    // Inserted at the head: they must come before the redirect above.
    ...interception.networkInterfaceExclusionList.map(
      (name) => `-I ${inbound} -i ${name} -j RETURN`,
    ),
    ...portRules(`-I ${inbound}`, interception.inboundPortExclusionList),
  ];
}

function outboundRules({ interception, localProxyMode }: InitRulesOptions): string[] {
  const owner = `-m owner --uid-owner ${sidecarUid}`;
  const notOwner = `-m owner ! --uid-owner ${sidecarUid}`;
  const toPodIp = `-I OUTPUT -p tcp -o lo -d 127.0.0.1/32 ${owner} -j DNAT --to-destination $POD_IP`;
  return [
    `-A ${outRedirect} -p tcp -j REDIRECT --to-port ${sidecarPorts.outbound}`,
    `-A OUTPUT -p tcp -j ${outbound}`,
    // A pod that calls itself through its service: the proxy's connection to the pod's own address is inbound again.
    `-A ${outbound} -o lo ! -d 127.0.0.1/32 ${owner} -j ${inRedirect}`,
    `-A ${outbound} -o lo ${notOwner} -j RETURN`,
    `-A ${outbound} ${owner} -j RETURN`,
    `-A ${outbound} -d 127.0.0.1/32 -j RETURN`,
    ...(localProxyMode === 'PodIP' ? [toPodIp] : []),
    ...interception.networkInterfaceExclusionList.map(
      (name) => `-A ${outbound} -o ${name} -j RETURN`,
    ),
    ...interception.outboundIpRangeExclusionList.map(
      (range) => `-A ${outbound} -d ${range} -j RETURN`,
    ),
    ...portRules(`-A ${outbound}`, interception.outboundPortExclusionList),
    ...finalRules(interception.outboundIpRangeInclusionList),
  ];
}

function finalRules(included: readonly string[]): string[] {
  if (included.length === 0) return [`-A ${outbound} -j ${outRedirect}`];
  return [
    ...included.map((range) => `-A ${outbound} -d ${range} -j ${outRedirect}`),
    `-A ${outbound} -j RETURN`,
  ];
}

function portRules(append: string, ports: readonly number[]): string[] {
  const groups = Math.ceil(ports.length / multiportMax);
  return Array.from({ length: groups }, (_, group) => {
    const list = ports.slice(group * multiportMax, (group + 1) * multiportMax).join(',');
    return `${append} -p tcp --match multiport --dports ${list} -j RETURN`;
  });
}
