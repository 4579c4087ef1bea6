import type { Clock } from '@osm/prelude';
import type { BidiStream, RpcStatus } from '@osm/rpc';
import {
  applyStream,
  createStreamState,
  isHolding,
  rejectionsOf,
  type Protocol,
  type Rejection,
  type StreamInput,
  type StreamOutput,
  type StreamTarget,
} from '@osm/xds';
import type { WriteBudget } from './write-budget.ts';

/** Joins one admitted stream with its state machine: inputs in, bytes out, back-pressure between them. */
export interface StreamSession {
  readonly apply: (input: StreamInput) => void;
  /** The stream should have this now. */
  readonly retarget: (target: StreamTarget) => void;
  readonly onFlushed: () => void;
  /** The stream is over: gives back what it had queued. */
  readonly release: () => void;
  readonly end: (status: RpcStatus) => void;
  readonly rejections: () => readonly Rejection[];
}

interface SessionOptions<Request> {
  readonly stream: BidiStream<Request>;
  readonly protocol: Protocol;
  readonly budget: WriteBudget;
  readonly clock: Pick<Clock, 'after'>;
  /** Told of every output, for metrics and logs. */
  readonly observe: (output: StreamOutput) => void;
}

/**
 * How long listeners and routes wait for new clusters to be acknowledged. Envoy needs milliseconds, unless a cluster waits for a
 * name server or a secret; access that was taken away must not wait for that.
 */
const holdMsMax = 2000;
/** A stream with more than this queued gets nothing new until it is below. */
const queuedBytesMax = 64 * 1024;

export function createStreamSession<Request>(options: SessionOptions<Request>): StreamSession {
  const { stream, observe } = options;
  let state = createStreamState(options.protocol);
  let isOver = false;
  const share = options.budget.open(() => resume());

  const perform = (input: StreamInput): void => {
    const step = applyStream(state, input);
    state = step.state;
    for (const output of step.outputs) {
      if (output.kind === 'send') stream.send(output.response.bytes);
      else if (output.kind === 'send-nothing') stream.send(output.bytes);
      else if (output.kind === 'violation')
        stream.end({ code: 'resource-exhausted', message: output.message });
      observe(output);
    }
    if (step.outputs.length > 0) share.report(stream.queuedBytes());
    watchHold();
  };

  let cancelHold: (() => void) | undefined;
  const watchHold = (): void => {
    if (isHolding(state)) {
      cancelHold ??= options.clock.after(holdMsMax, () => {
        cancelHold = undefined;
        apply({ kind: 'overdue' });
      });
    } else if (cancelHold !== undefined) {
      cancelHold();
      cancelHold = undefined;
    }
  };

  const hasRoom = (): boolean => stream.queuedBytes() <= queuedBytesMax && share.isFree();

  const resume = (): void => {
    while (!isOver && !state.writable && hasRoom()) perform({ kind: 'writable', writable: true });
  };

  const apply = (input: StreamInput): void => {
    if (isOver) return;
    // What is queued already may be too much: then this input only decides, and what it causes is sent later.
    if (state.writable && !hasRoom()) perform({ kind: 'writable', writable: false });
    perform(input);
    resume();
  };

  return {
    apply,
    retarget: (target) => apply({ kind: 'target', target }),
    onFlushed: () => {
      share.report(stream.queuedBytes());
      resume();
    },
    release: () => {
      isOver = true;
      cancelHold?.();
      share.close();
    },
    end: (status) => stream.end(status),
    rejections: () => rejectionsOf(state),
  };
}
