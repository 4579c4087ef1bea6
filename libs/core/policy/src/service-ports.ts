import type { Service, ServicePort } from '@osm/model';
import type { Protocol } from './proxy-policy.ts';

/** A port of a service with a protocol that the mesh knows. */
export interface KnownPort {
  readonly port: number;
  readonly name: string;
  readonly protocol: Protocol;
  readonly target:
    | { readonly kind: 'number'; readonly port: number }
    | { readonly kind: 'name'; readonly name: string }
    /** What the endpoints say that somebody wrote by hand. The name tells it from all others: container ports have no slash. */
    | { readonly kind: 'endpoints'; readonly name: string };
}

/** HTTP and gRPC are handled alike on the server side, and so are the two kinds of TCP. */
export type ProtocolFamily = 'http' | 'tcp';

export function familyOf(protocol: Protocol): ProtocolFamily {
  return protocol === 'http' || protocol === 'grpc' ? 'http' : 'tcp';
}

/** Without a selector somebody else writes the endpoints: a person, or a program that points at its leader. */
export function hasEndpointsByHand({ selector, externalName }: Service): boolean {
  return selector.length === 0 && externalName === '';
}

/** The ports of a service that the mesh can serve, ascending; of equal numbers the first counts. */
export function knownPorts(service: Service): readonly KnownPort[] {
  const byNumber = new Map<number, KnownPort>();
  for (const port of service.ports) {
    const protocol = protocolOf(port);
    if (protocol === undefined || byNumber.has(port.port)) continue;
    byNumber.set(port.port, {
      port: port.port,
      name: port.name,
      protocol,
      target: targetOf(service, port),
    });
  }
  return [...byNumber.values()].sort((a, b) => a.port - b.port);
}

function protocolOf({ protocol }: ServicePort): Protocol | undefined {
  switch (protocol) {
    case 'http':
    case 'grpc':
    case 'tcp':
    case 'tcp-server-first':
      return protocol;
    default:
      return undefined;
  }
}

function targetOf(service: Service, item: ServicePort): KnownPort['target'] {
  const { name, port, targetPort, targetPortName } = item;
  if (hasEndpointsByHand(service)) return { kind: 'endpoints', name: `${service.name}/${name}` };
  if (targetPortName !== '') return { kind: 'name', name: targetPortName };
  return { kind: 'number', port: targetPort === 0 ? port : targetPort };
}
