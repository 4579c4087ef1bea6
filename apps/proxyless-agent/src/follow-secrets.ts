import { MeshError, pause, type Clock } from '@osm/prelude';
import {
  AggregatedDiscoveryServiceDefinition as ads,
  DiscoveryRequest,
  DiscoveryResponse,
  typeUrls,
} from '@osm/proto-envoy/discovery';
import type { CallEnd, ClientCall, RpcClient } from '@osm/rpc';
import type { Logger } from '@osm/telemetry';
import { readSecret, type SecretFile } from './secret-files.ts';

/** The path of the ADS method that gRPC clients, and this agent, speak. */
export const adsPath = `/${ads.fullName}/${ads.methods.streamAggregatedResources.name}`;

const names = ['identity', 'trust'];
const retryMsMin = 100;
const retryMsMax = 2000;

export interface FollowOptions {
  readonly client: Pick<RpcClient, 'open'>;
  /** Of the pod: the node id that its certificate is for. */
  readonly nodeId: string;
  readonly clock: Pick<Clock, 'after'>;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Called for each secret that came, one after the other. What it throws is told to the server. */
  readonly onSecret: (file: SecretFile) => Promise<void>;
}

/**
 * Follows the pod's secrets until the signal. A stream that breaks is opened again; until then what was written last stays in force.
 */
export async function followSecrets(options: FollowOptions): Promise<void> {
  const { log, signal } = options;
  let failures = 0;
  while (!signal.aborted) {
    const { end, hasAnswered } = await converse(options);
    if (signal.aborted) return;
    failures = hasAnswered ? 0 : failures + 1;
    const delayMs = Math.min(retryMsMax, retryMsMin * 2 ** failures);
    log.warn('the stream of secrets ended, trying again', { ...end, delayMs });
    await pause(options.clock, delayMs, options.signal);
  }
}

/** One stream, to its end. */
function converse({ client, nodeId, log, signal, onSecret }: FollowOptions): Promise<{
  readonly end: CallEnd;
  readonly hasAnswered: boolean;
}> {
  return new Promise((resolve) => {
    let hasAnswered = false;
    let turn = Promise.resolve();
    const answer = async (call: ClientCall, bytes: Uint8Array): Promise<void> => {
      const response = DiscoveryResponse.decode(bytes);
      const problem = await take(response, onSecret).catch((thrown: unknown) => {
        const error = MeshError.from(thrown);
        log.error('a secret could not be taken', { err: error });
        return error.message;
      });
      call.send(request({ nonce: response.nonce, version: response.versionInfo, problem }));
    };
    const call = client.open(adsPath, {
      onMessage: (bytes) => {
        hasAnswered = true;
        turn = turn.then(() => answer(call, bytes));
      },
      onEnd: (end) => {
        signal.removeEventListener('abort', cancel);
        resolve({ end, hasAnswered });
      },
    });
    const cancel = (): void => call.cancel();
    signal.addEventListener('abort', cancel);
    call.send(request({ nodeId }));
  });
}

/** Hands on what is in a response; the text says what is wrong with it. */
async function take(
  response: DiscoveryResponse,
  onSecret: FollowOptions['onSecret'],
): Promise<string | undefined> {
  for (const { value } of response.resources) {
    const secret = readSecret(value);
    if (secret.kind === 'error') return secret.error;
    await onSecret(secret.value);
  }
  return undefined;
}

function request(parts: {
  readonly nodeId?: string;
  readonly nonce?: string;
  readonly version?: string;
  readonly problem?: string | undefined;
}): Uint8Array {
  const message = DiscoveryRequest.fromPartial({
    typeUrl: typeUrls.secret,
    resourceNames: names,
    responseNonce: parts.nonce ?? '',
    versionInfo: parts.version ?? '',
    ...(parts.nodeId === undefined ? {} : { node: { id: parts.nodeId } }),
    ...(parts.problem === undefined ? {} : { errorDetail: { code: 3, message: parts.problem } }),
  });
  return DiscoveryRequest.encode(message).finish();
}
