import { encodeKey, type ObjectRef } from '@osm/model';
import { hashHex } from '@osm/prelude';
import type { Dialect, UnitKey, UpstreamPolicy } from './proxy-policy.ts';

// The only place where keys of units are made (proto/osm/xds/v1/compiled.proto has their forms).

/** A service, or one host of a headless service. */
export interface ServicePart {
  readonly namespace: string;
  readonly service: string;
  /** Host name of a pod behind a headless service; undefined for the service as a whole. */
  readonly host: string | undefined;
}

/** What identifies an upstream unit. */
export interface UpstreamRef extends ServicePart {
  readonly targetPort: number;
  /** The service accounts behind the service that may be called, sorted; undefined = all. */
  readonly accounts: readonly string[] | undefined;
  readonly choice: UpstreamPolicy['choice'];
  readonly dialect?: Dialect | undefined;
}

/** For one client, of each service in question the accounts it may call; services with nothing withheld are left out. Sorted. */
export type ClientView = readonly {
  readonly service: string;
  readonly accounts: readonly string[];
}[];

/** What identifies an outbound unit. */
export interface OutboundRef extends ServicePart {
  readonly port: number;
  readonly view: ClientView;
  /** Addresses of the service at which the client reaches another one, sorted. */
  readonly without: readonly string[];
  readonly dialect?: Dialect | undefined;
}

/** What identifies a workload unit: all that its pods have in common. */
export interface WorkloadRef {
  readonly namespace: string;
  readonly serviceAccount: string;
  /** Names of the services its pods stand behind, sorted. */
  readonly services: readonly string[];
  /** Numbers of the container ports that these services call by name, sorted by name. */
  readonly namedPorts: readonly { readonly name: string; readonly port: number }[];
  readonly metrics: boolean;
  readonly dialect?: Dialect | undefined;
}

/** What identifies a capture unit. */
export interface CaptureRef {
  /** Beside those that are well known; ascending. */
  readonly serverFirstPorts: readonly number[];
}

/** The name of a service part within its namespace: `service`, or `host.service` (service names have no dots). */
export function partName({ service, host }: ServicePart): string {
  return host === undefined ? service : `${host}.${service}`;
}

export function upstreamKey(ref: UpstreamRef): UnitKey {
  const variant = ref.accounts === undefined ? 'all' : hashOf(ref.accounts);
  const kind = ref.choice === 'client' ? 'dialled' : 'cluster';
  const [port, told] = [String(ref.targetPort), inDialect(ref, variant)];
  return encodeKey([kind, ref.namespace, partName(ref), port, told]);
}

export function outboundKey(ref: OutboundRef): UnitKey {
  const { view, without } = ref;
  const variant = view.length + without.length === 0 ? 'all' : hashOf([view, without]);
  const [port, told] = [String(ref.port), inDialect(ref, variant)];
  return encodeKey(['outbound', ref.namespace, partName(ref), port, told]);
}

export function workloadKey(ref: WorkloadRef): UnitKey {
  const { namespace, serviceAccount, services, namedPorts, metrics } = ref;
  const variant = hashOf([services, namedPorts, metrics]);
  return encodeKey(['workload', namespace, serviceAccount, inDialect(ref, variant)]);
}

export function captureKey({ serverFirstPorts }: CaptureRef): UnitKey {
  return encodeKey(['capture', serverFirstPorts.length === 0 ? 'all' : hashOf(serverFirstPorts)]);
}

function inDialect(
  { dialect }: { readonly dialect?: Dialect | undefined },
  variant: string,
): string {
  return dialect === undefined ? variant : `${dialect}-${variant}`;
}

/** The unit that includes every outbound of the mesh. */
export const permissiveScopeKey: UnitKey = encodeKey(['scope', 'permissive']);

/** The unit that includes every outbound of the mesh that a proxyless client can call. */
export const proxylessScopeKey: UnitKey = encodeKey(['scope', 'proxyless']);

export function scopeKey(dialect: Dialect | ''): UnitKey {
  return dialect === '' ? permissiveScopeKey : proxylessScopeKey;
}

/** Key of the bucket "diagnostics" for what `writer` says about an object. */
export function diagnosticsKey(
  writer: string,
  object: Pick<ObjectRef, 'kind' | 'namespace' | 'name'>,
): string {
  return encodeKey([writer, object.kind, object.namespace, object.name]);
}

function hashOf(value: unknown): string {
  return hashHex(new TextEncoder().encode(JSON.stringify(value)));
}
