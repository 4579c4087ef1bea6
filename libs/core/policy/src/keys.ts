import { encodeKey, type ObjectRef } from '@osm/model';
import { hashHex } from '@osm/prelude';
import type { UnitKey, UpstreamPolicy } from './proxy-policy.ts';

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
}

/** What identifies a capture unit. */
export interface CaptureRef {
  /** Ascending. */
  readonly serverFirstPorts: readonly number[];
}

/** The name of a service part within its namespace: `service`, or `host.service` (service names have no dots). */
export function partName({ service, host }: ServicePart): string {
  return host === undefined ? service : `${host}.${service}`;
}

export function upstreamKey(ref: UpstreamRef): UnitKey {
  const variant = ref.accounts === undefined ? 'all' : hashOf(ref.accounts);
  const kind = ref.choice === 'client' ? 'dialled' : 'cluster';
  return encodeKey([kind, ref.namespace, partName(ref), String(ref.targetPort), variant]);
}

export function outboundKey(ref: OutboundRef): UnitKey {
  const { view, without } = ref;
  const variant = view.length + without.length === 0 ? 'all' : hashOf([view, without]);
  return encodeKey(['outbound', ref.namespace, partName(ref), String(ref.port), variant]);
}

export function workloadKey(ref: WorkloadRef): UnitKey {
  const { namespace, serviceAccount, services, namedPorts, metrics } = ref;
  const variant = hashOf([services, namedPorts, metrics]);
  return encodeKey(['workload', namespace, serviceAccount, variant]);
}

export function captureKey({ serverFirstPorts }: CaptureRef): UnitKey {
  return encodeKey(['capture', serverFirstPorts.length === 0 ? 'all' : hashOf(serverFirstPorts)]);
}

/** The unit that includes every outbound of the mesh. */
export const permissiveScopeKey: UnitKey = encodeKey(['scope', 'permissive']);

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
