import { serviceFqdn, type Service } from '@osm/model';
import { httpRulesFor, tcpPrincipalsFor, type Grant } from './access.ts';
import { sortedUnique } from './membership.ts';
import type { HttpAccess, InboundPolicy, Protocol, TcpAccess } from './proxy-policy.ts';
import { familyOf, knownPorts, type KnownPort, type ProtocolFamily } from './service-ports.ts';

/** How to tell a pod's port number from its name; undefined when the pod has no such port. */
export type NumberOfPort = (name: string) => number | undefined;

/** Who decides: nobody, or the grants of the pods' account. */
export interface AccessMode {
  readonly kind: 'permissive' | 'enforced';
  readonly grants: readonly Grant[];
}

interface Landing {
  readonly targetPort: number;
  readonly family: ProtocolFamily;
  readonly serverName: string;
  readonly protocol: Protocol;
}

/** Where the calls of a service arrive at a pod. */
function targetPortAt(port: KnownPort, numberOf: NumberOfPort): number | undefined {
  return port.target.kind === 'number' ? port.target.port : numberOf(port.target.name);
}

/**
 * The inbound side of pods behind these services: by target port and family all server names that lead there. When two ports of
 * one service lead to one target port with HTTP and with TCP, HTTP counts: it checks more.
 */
export function inboundPolicies(
  services: readonly Service[],
  numberOf: NumberOfPort,
  access: AccessMode,
): readonly InboundPolicy[] {
  const landings = services.flatMap((service) => landingsOf(service, numberOf));
  const byPlace = new Map<string, Landing[]>();
  for (const landing of landings) {
    const place = `${landing.targetPort} ${landing.family}`;
    byPlace.set(place, [...(byPlace.get(place) ?? []), landing]);
  }
  return [...byPlace.values()]
    .map((group) => inboundPolicy(group, access))
    .filter((policy) => policy !== undefined)
    .sort((a, b) => a.targetPort - b.targetPort || (a.protocol < b.protocol ? -1 : 1));
}

function landingsOf(service: Service, numberOf: NumberOfPort): readonly Landing[] {
  const serverName = serviceFqdn(service);
  const all = knownPorts(service).flatMap((port): readonly Landing[] => {
    const targetPort = targetPortAt(port, numberOf);
    if (targetPort === undefined) return [];
    return [{ targetPort, family: familyOf(port.protocol), serverName, protocol: port.protocol }];
  });
  const http = new Set(
    all.filter(({ family }) => family === 'http').map(({ targetPort }) => targetPort),
  );
  return all.filter(({ family, targetPort }) => family === 'http' || !http.has(targetPort));
}

function inboundPolicy(group: readonly Landing[], access: AccessMode): InboundPolicy | undefined {
  const [first] = group;
  if (first === undefined) return undefined;
  const { family, targetPort } = first;
  const common = {
    targetPort,
    protocol: commonProtocol(group),
    serverNames: sortedUnique(group.map(({ serverName }) => serverName)),
  };
  return {
    ...common,
    access: family === 'http' ? httpAccess(access, targetPort) : tcpAccess(access, targetPort),
  };
}

function httpAccess({ kind, grants }: AccessMode, targetPort: number): HttpAccess {
  if (kind === 'permissive') return { kind: 'http-permissive' };
  return { kind: 'http-enforced', rules: httpRulesFor(grants, targetPort) };
}

function tcpAccess({ kind, grants }: AccessMode, targetPort: number): TcpAccess {
  return { kind: `tcp-${kind}`, principals: tcpPrincipalsFor(grants, targetPort) };
}

/** Of one family all protocols are served alike; the plainer name stands for them. */
function commonProtocol(group: readonly Landing[]): Protocol {
  const protocols = group.map(({ protocol }) => protocol);
  if (protocols.includes('http')) return 'http';
  if (protocols.includes('grpc')) return 'grpc';
  return protocols.includes('tcp') ? 'tcp' : 'tcp-server-first';
}
