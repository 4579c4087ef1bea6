import { MeshError } from '@osm/prelude';
import type { Msg, MsgHdrs } from 'nats';

export interface Ask {
  readonly subject: string;
  readonly bytes?: Uint8Array | undefined;
  readonly headers?: MsgHdrs | undefined;
  /** Longest wait for each message of the answer, on a link without delay. */
  readonly timeoutMs: number;
}

/** As slow as a link may be, in bytes per millisecond: 1 Mbit/s. */
const slowestBytesPerMs = 128;

const tripMsMax = 2_000;

interface Waiting {
  readonly ask: Ask;
  readonly onMessage: (message: Msg) => boolean;
  readonly resolve: () => void;
  readonly reject: (error: MeshError) => void;
  readonly timer: NodeJS.Timeout;
}

/** Questions without an answer yet, by a token that the answer's subject ends with. */
export class Questions {
  readonly #waiting = new Map<string, Waiting>();
  readonly #onTimeout: () => void;
  #asked = 0;
  #unansweredBytes = 0;
  /** How long the way to the server and back takes. */
  #tripMs = 0;

  /** `onTimeout` is called whenever an answer did not come in time. */
  constructor(onTimeout: () => void = () => undefined) {
    this.#onTimeout = onTimeout;
  }

  set tripMs(ms: number) {
    this.#tripMs = Math.min(ms, tripMsMax);
  }

  /** How many were asked so far. */
  get asked(): number {
    return this.#asked;
  }

  /** Waits for messages until `onMessage` returns true; `send` gets the token. */
  add(
    ask: Ask,
    onMessage: (message: Msg) => boolean,
    send: (token: string) => void,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const token = `${(this.#asked += 1)}`;
      this.#unansweredBytes += ask.bytes?.length ?? 0;
      const timeoutMs = Math.round(
        ask.timeoutMs + 3 * this.#tripMs + this.#unansweredBytes / slowestBytesPerMs,
      );
      const timer = setTimeout(() => {
        const text = `no answer on ${ask.subject} within ${timeoutMs} ms`;
        this.#end(token)?.reject(new MeshError('bus_timeout', text));
        this.#onTimeout();
      }, timeoutMs);
      this.#waiting.set(token, { ask, onMessage, resolve, reject, timer });
      try {
        send(token);
      } catch (thrown) {
        this.#end(token)?.reject(MeshError.from(thrown, 'bus_refused'));
      }
    });
  }

  answer(token: string, message: Msg): void {
    const waiting = this.#waiting.get(token);
    if (waiting === undefined) return;
    if (message.data.length === 0 && message.headers?.code === 503) {
      const text = `nobody answers ${waiting.ask.subject}`;
      this.#end(token)?.reject(new MeshError('bus_unavailable', text));
    } else if (waiting.onMessage(message)) {
      this.#end(token)?.resolve();
    } else {
      waiting.timer.refresh();
    }
  }

  /** Those that were asked up to the given count. */
  rejectAll(error: MeshError, upTo = this.#asked): void {
    for (const token of [...this.#waiting.keys()])
      if (Number(token) <= upTo) this.#end(token)?.reject(error);
  }

  #end(token: string): Waiting | undefined {
    const waiting = this.#waiting.get(token);
    if (waiting === undefined) return undefined;
    clearTimeout(waiting.timer);
    this.#waiting.delete(token);
    this.#unansweredBytes -= waiting.ask.bytes?.length ?? 0;
    return waiting;
  }
}
