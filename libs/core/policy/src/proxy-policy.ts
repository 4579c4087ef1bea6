// The middle language: what the mesh's policy means for proxies, in words of neither Kubernetes nor Envoy.
//
//   catalog ──compile──> WorkloadPolicy ──includes──> OutboundPolicy ──> UpstreamPolicy ──emit──> Envoy resources
//
// Outbound and upstream units are shared by all clients that see the same thing; `variant` tells apart those that do not.

/** The protocols a port can have. The watcher normalises spelling; other texts leave the port out, with a diagnostic. */
export type Protocol = 'http' | 'grpc' | 'tcp' | 'tcp-server-first';

/**
 * Key of a unit: its bundle's key on the bus. Made only in keys.ts of this package.
 */
export type UnitKey = string;

/** For whom a unit is written, when not for sidecars: gRPC that speaks xDS itself. It means the same and is said in another way. */
export type Dialect = 'proxyless';

/** A set of endpoints that a client may call by mTLS: one service, one target port, as seen by one class of clients. */
export interface UpstreamPolicy {
  readonly key: UnitKey;
  readonly service: { readonly namespace: string; readonly name: string };
  readonly targetPort: number;
  /** Fully qualified service name. */
  readonly sni: string;
  /** Principals that may answer. Never empty: without pods it holds one that nobody has. Sorted. */
  readonly serverPrincipals: readonly string[];
  /** Sorted by ip, then port. Empty where the client dials pods: the address that it dialled is the endpoint. */
  readonly endpoints: readonly { readonly ip: string; readonly port: number }[];
  /** Who chooses the endpoint: the proxy, among `endpoints`, or the client, by the pod's address that it dialled (on `targetPort`). */
  readonly choice: 'proxy' | 'client';
  readonly tls: TlsSettings;
  readonly dialect?: Dialect;
  /** Some of its pods are proxyless: there gRPC itself answers the handshake. */
  readonly hasProxylessServers?: true;
}

/** A service port as clients see it: where they dial, and where it goes. */
export interface OutboundPolicy {
  readonly key: UnitKey;
  readonly service: { readonly namespace: string; readonly name: string };
  readonly port: number;
  readonly protocol: Protocol;
  /** Sorted, not empty; empty for proxyless clients, which call by name. */
  readonly addresses: readonly string[];
  /** Whose addresses these are: the service's own, or its pods' (headless). Pods come and go one by one, and so do their addresses. */
  readonly addressesOf: 'service' | 'pods';
  /** Host names for HTTP and gRPC. */
  readonly domains: readonly string[];
  /** Of the clients' certificates: a client of a TCP port says who it is before it proves it. */
  readonly trustDomain: string;
  /** Where it goes: sorted by upstream key, weights above 0. Empty: every request gets 503 (TCP: closed). */
  readonly backends: readonly WeightedUpstream[];
  /** Of a pod with a name of its own: the names of the service as a whole, by which HTTP gets to any of its pods. */
  readonly whole: Pick<OutboundPolicy, 'domains' | 'backends'> | undefined;
  readonly dialect?: Dialect;
}

/** A share of the requests. */
export interface WeightedUpstream {
  readonly upstream: UnitKey;
  readonly weight: number;
}

/** What every workload may reach in permissive mode: one unit, shared by all of them. */
export interface ScopePolicy {
  readonly key: UnitKey;
  /** Outbound units, sorted. */
  readonly units: readonly UnitKey[];
}

/** How a proxy takes the outgoing connections of its pod: one unit for all workloads with the same server-first ports. */
export interface CapturePolicy {
  readonly key: UnitKey;
  /** Ports on which the server speaks first, well-known ones and those of services that may be called, ascending: there nobody must wait for the client. */
  readonly serverFirstPorts: readonly number[];
  /** Traffic to addresses outside the mesh passes through (MeshConfig enableEgress). */
  readonly egress: boolean;
}

/** Everything for the pods of one identity that stand behind the same services. */
export interface WorkloadPolicy {
  readonly key: UnitKey;
  readonly identity: { readonly namespace: string; readonly serviceAccount: string };
  readonly inbound: readonly InboundPolicy[];
  readonly outbound: Outbound;
  /** The metrics listener on 15010. */
  readonly metrics: boolean;
  readonly tls: TlsSettings;
  readonly dialect?: Dialect;
  /** Proxyless: of its clients, whom gRPC knows by their URI. */
  readonly trustDomain?: string;
  /** The mesh has proxyless pods: their handshakes are those of gRPC, not of a sidecar. */
  readonly hasProxylessClients?: true;
}

/**
 * listed: may call these, sorted. `nothing` differs from an empty list in that no outbound listener exists at all, so that
 * connections are refused (OSM: curl exit 7) instead of reset.
 */
export type Outbound =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'listed'; readonly units: readonly UnitKey[]; readonly capture: UnitKey }
  | { readonly kind: 'permissive'; readonly scope: UnitKey; readonly capture: UnitKey }
  /** Proxyless: nothing is captured, the client asks for what it calls by name. Outbound units, or the scope of all. */
  | { readonly kind: 'by-name'; readonly units: readonly UnitKey[] };

/**
 * One target port of the workload, with the services (by SNI) that lead to it. A target port occurs at most once for HTTP and gRPC
 * together, and at most once for TCP and server-first TCP together; no server name occurs in both.
 */
export interface InboundPolicy {
  readonly targetPort: number;
  readonly protocol: Protocol;
  /** Fully qualified names of the services, sorted, not empty. */
  readonly serverNames: readonly string[];
  readonly access: HttpAccess | TcpAccess;
}

/**
 * HTTP: a request that no rule matches is answered 404; one that a rule matches, but none with its source, 403. Access is
 * the union of all rules; their order means nothing.
 */
export type HttpAccess =
  | { readonly kind: 'http-permissive' }
  | { readonly kind: 'http-enforced'; readonly rules: readonly HttpRule[] };

/** Requests that all of its parts match, and who may send them. */
export interface HttpRule {
  /** RE2, full match on the path without query; undefined = any. */
  readonly pathRegex: string | undefined;
  /** Upper case, sorted; empty = any. */
  readonly methods: readonly string[];
  /** All must match, RE2 full match; sorted by name. `:authority` for host. */
  readonly headers: readonly { readonly name: string; readonly valueRegex: string }[];
  /** Sorted, unique. Empty: a match for nobody (403), never for everybody. */
  readonly principals: readonly string[];
}

/** Who may connect to a port. */
export type TcpAccess =
  /** Everybody. `principals` are those who might without permissive mode, too: their connections outlive the change of mode. */
  | { readonly kind: 'tcp-permissive'; readonly principals: readonly string[] }
  /** Sorted, unique. Empty = nobody. */
  | { readonly kind: 'tcp-enforced'; readonly principals: readonly string[] };

/** TLS between sidecars, as the MeshConfig sets it. */
export interface TlsSettings {
  readonly minProtocolVersion: string;
  readonly maxProtocolVersion: string;
  readonly cipherSuites: readonly string[];
  readonly ecdhCurves: readonly string[];
}

/** One unit: what becomes one bundle on the bus. */
export type PolicyUnit =
  | { readonly kind: 'upstream'; readonly policy: UpstreamPolicy }
  | { readonly kind: 'outbound'; readonly policy: OutboundPolicy }
  | { readonly kind: 'scope'; readonly policy: ScopePolicy }
  | { readonly kind: 'capture'; readonly policy: CapturePolicy }
  | { readonly kind: 'workload'; readonly policy: WorkloadPolicy };

/** Which unit the sidecar of a pod gets. */
export interface ProxyAssignmentPolicy {
  readonly proxyUuid: string;
  readonly namespace: string;
  readonly pod: string;
  readonly serviceAccount: string;
  readonly workload: UnitKey;
}
