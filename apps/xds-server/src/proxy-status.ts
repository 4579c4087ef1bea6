import type { ProxyStatus } from '@osm/proto-mesh';
import { typeUrlOf, type StreamOutput } from '@osm/xds';
import type { Client } from './roster.ts';
import { trustSecretName } from './secret-records.ts';

/** Notes in a client what its status says; true when the status is another one now. */
export function noteStatus(client: Client, output: StreamOutput): boolean {
  switch (output.kind) {
    case 'quarantined':
    case 'released':
      return true;
    case 'acknowledged': {
      if (output.content.type !== 'secret') return false;
      const trust = output.content.records.find(({ name }) => name === trustSecretName);
      if (trust === undefined || trust.version === client.ackedTrustBundle) return false;
      client.ackedTrustBundle = trust.version;
      return true;
    }
    case 'refused':
    case 'violation':
    case 'send':
    case 'send-nothing':
      return false;
  }
}

/** The status of a connected proxy. */
export function describeProxy(client: Client, server: string): ProxyStatus {
  const { uuid, identity, pod, connectedAtMs, ackedTrustBundle, session } = client;
  return {
    proxyUuid: uuid,
    namespace: identity.namespace,
    pod: pod.slice(pod.indexOf('/') + 1),
    serviceAccount: identity.serviceAccount,
    server,
    connected: true,
    connectedAtMs,
    rejections: session.rejections().map(({ type, name, version, message }) => ({
      typeUrl: typeUrlOf(type),
      resource: name,
      version,
      message,
    })),
    ackedTrustBundle,
  };
}

/**
 * The status of a proxy with several streams: one that reconnects, where the older stream is about to end, or a pod without a sidecar,
 * where one stream is about secrets and others are the application's. The younger one speaks first.
 */
export function joinStatus(younger: ProxyStatus, older: ProxyStatus): ProxyStatus {
  return {
    ...younger,
    connectedAtMs: Math.min(younger.connectedAtMs, older.connectedAtMs),
    rejections: [...younger.rejections, ...older.rejections],
    ackedTrustBundle: younger.ackedTrustBundle || older.ackedTrustBundle,
  };
}
