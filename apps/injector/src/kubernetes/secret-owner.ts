import { bootstrapSecretName, type JsonObject } from '@osm/injection';
import { resourcePath, resourceTypes, type ApiServer } from '@osm/kubernetes';
import type { Pod } from '@osm/model';
import { MeshError, type Clock } from '@osm/prelude';
import type { Logger } from '@osm/telemetry';

export interface SecretOwnerOptions {
  readonly server: ApiServer;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Makes each pod the owner of its bootstrap Secret, so that the Secret goes when the pod goes. */
export interface SecretOwner {
  /** A Secret was written for a pod that is being admitted. */
  readonly expect: (secret: JsonObject) => void;
  /** The pod exists. */
  readonly found: (pod: Pod) => void;
}

/** A pod that did not appear for so long never will: something else refused it after the injector. */
const appearsMs = 10 * 60_000;
const retryMs = 1_000;
const parallelMax = 8;

interface State extends SecretOwnerOptions {
  /** Cancels the deletion of a Secret whose pod is awaited, by the Secret's name. */
  readonly awaited: Map<string, () => void>;
  /** Pods whose Secrets are not theirs yet, by uuid; the first one is next. */
  readonly due: Map<string, Pod>;
  working: number;
}

export function createSecretOwner(options: SecretOwnerOptions): SecretOwner {
  const state: State = { ...options, awaited: new Map(), due: new Map(), working: 0 };
  return {
    expect: (secret) => {
      const { namespace, name } = secret['metadata'] as { namespace: string; name: string };
      const giveUp = (): void => {
        state.awaited.delete(name);
        void remove(state, namespace, name);
      };
      state.awaited.get(name)?.();
      state.awaited.set(name, options.clock.after(appearsMs, giveUp));
    },
    found: (pod) => {
      const name = bootstrapSecretName(pod.proxyUuid);
      state.awaited.get(name)?.();
      state.awaited.delete(name);
      if (pod.uid === '') return;
      state.due.set(pod.proxyUuid, pod);
      work(state);
    },
  };
}

function work(state: State): void {
  while (state.working < parallelMax) {
    const [next] = state.due.values();
    if (next === undefined) return;
    state.due.delete(next.proxyUuid);
    state.working += 1;
    void own(state, next).finally(() => {
      state.working -= 1;
      work(state);
    });
  }
}

async function own(state: State, pod: Pod): Promise<void> {
  const { server, clock, log } = state;
  const name = bootstrapSecretName(pod.proxyUuid);
  const owner = { apiVersion: 'v1', kind: 'Pod', name: pod.name, uid: pod.uid };
  try {
    await server.ask({
      method: 'PATCH',
      path: resourcePath(resourceTypes.secret, { namespace: pod.namespace, name }),
      contentType: 'application/merge-patch+json',
      body: { metadata: { ownerReferences: [owner] } },
    });
  } catch (thrown) {
    const error = MeshError.from(thrown);
    if (error.code === 'not_found') return;
    log.warn('a bootstrap Secret has no owner yet; it is tried again', {
      secret: name,
      err: error,
    });
    clock.after(retryMs, () => {
      state.due.set(pod.proxyUuid, pod);
      work(state);
    });
  }
}

async function remove({ server, log }: State, namespace: string, name: string): Promise<void> {
  const path = resourcePath(resourceTypes.secret, { namespace, name });
  try {
    await server.ask({ method: 'DELETE', path });
    log.info('bootstrap Secret deleted: its pod never appeared', { namespace, secret: name });
  } catch (thrown) {
    const error = MeshError.from(thrown);
    if (error.code !== 'not_found') log.warn('cannot delete a bootstrap Secret', { err: error });
  }
}
