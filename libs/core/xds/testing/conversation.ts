import { applyStream } from '../src/apply-stream.ts';
import { createBundleIndex, type BundleChange, type BundleIndex } from '../src/bundle-index.ts';
import {
  createStreamState,
  type StreamInput,
  type StreamOutput,
  type StreamState,
} from '../src/stream-state.ts';
import {
  createModelClient,
  type ClientKind,
  type ClientRequest,
  type ModelClient,
} from './model-client.ts';

/** A stream between the state machine and a model client, with both directions of the wire in hand. */
export interface Conversation {
  readonly client: ModelClient;
  readonly index: BundleIndex;
  readonly state: () => StreamState;
  /** Everything the machine has put out, oldest first. */
  readonly outputs: readonly StreamOutput[];
  readonly input: (input: StreamInput) => void;
  /** Publishes bundles and tells the stream, as the server does. */
  readonly publish: (changes: readonly BundleChange[]) => void;
  /** The stream belongs to this bundle from now on. */
  readonly assign: (bundle: string) => void;
  /** Lets the client read one response, or the server one request. False = nothing was there. */
  readonly deliverResponse: () => boolean;
  readonly deliverRequest: () => boolean;
  /** Both read until nothing is under way. Throws when that does not end. */
  readonly settle: () => void;
  /** The client is interested in these listeners from now on. */
  readonly want: (listeners: readonly string[]) => void;
  /** The stream breaks, the client comes again with what it has. */
  readonly reconnect: () => void;
}

const exchangesMax = 2000;

export function createConversation(kind?: ClientKind): Conversation {
  const client = createModelClient(kind);
  const protocol = kind?.protocol ?? 'delta';
  const index = createBundleIndex();
  const outputs: StreamOutput[] = [];
  let state = createStreamState(protocol);
  let toServer: ClientRequest[] = [...client.connect()];
  let toClient: Uint8Array[] = [];
  let bundle = '';

  const input = (next: StreamInput): void => {
    const step = applyStream(state, next);
    state = step.state;
    for (const output of step.outputs) {
      outputs.push(output);
      if (output.kind === 'send') toClient.push(output.response.bytes);
    }
  };
  const retarget = (): void =>
    input({ kind: 'target', target: { config: index.node(bundle), secrets: undefined } });
  const deliverRequest = (): boolean => {
    const request = toServer.shift();
    if (request === undefined) return false;
    input(
      'resourceNames' in request
        ? { kind: 'sotw-request', request }
        : { kind: 'delta-request', request },
    );
    return true;
  };
  const deliverResponse = (): boolean => {
    const bytes = toClient.shift();
    if (bytes === undefined) return false;
    toServer.push(...client.receive(bytes));
    return true;
  };
  return {
    client,
    index,
    outputs,
    state: () => state,
    input,
    publish: (changes) => {
      if (index.apply(changes).includes(bundle)) retarget();
    },
    assign: (next) => {
      bundle = next;
      retarget();
    },
    deliverRequest,
    deliverResponse,
    settle: () => {
      for (let i = 0; i < exchangesMax; i++) {
        if (!state.writable) input({ kind: 'writable', writable: true });
        if (!deliverRequest() && !deliverResponse()) return;
      }
      throw new Error('client and server go on for ever');
    },
    want: (listeners) => void toServer.push(...client.want(listeners)),
    reconnect: () => {
      state = createStreamState(protocol);
      toClient = [];
      toServer = [...client.connect()];
      retarget();
    },
  };
}
