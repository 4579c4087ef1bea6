import { readFileSync } from 'node:fs';
import { MeshError } from '@osm/prelude';
import type { Logger } from '@osm/telemetry';
import {
  connect,
  Empty,
  Events,
  nkeyAuthenticator,
  nuid,
  type Msg,
  type MsgHdrs,
  type NatsConnection,
  type Subscription,
} from 'nats';
import { createPause } from './backoff.ts';
import { parseSeed } from './credentials.ts';

export interface WireOptions {
  readonly url: string;
  readonly credentialsFile: string | undefined;
  /** PEM of who signed the server's certificate, for tls:// addresses outside the system's trust. */
  readonly caFile: string | undefined;
  /** For people who look at the server's connections. */
  readonly name: string;
  readonly inboxPrefix: string;
  readonly log: Logger;
}

interface Ask {
  readonly subject: string;
  readonly bytes?: Uint8Array | undefined;
  readonly headers?: MsgHdrs | undefined;
  /** Longest wait for each message of the answer. */
  readonly timeoutMs: number;
}

/** One connection that comes back for ever, with questions that fail at once when it is lost. */
export interface NatsWire {
  readonly connected: () => boolean;
  readonly onConnected: (listener: (connected: boolean) => void) => () => void;
  /** Holds through every reconnect. */
  readonly subscribe: (
    subject: string,
    onMessage: (message: Msg) => void,
    queue?: string,
  ) => () => void;
  readonly ask: (ask: Ask) => Promise<Msg>;
  /** An answer of several messages, until `onMessage` returns true. */
  readonly askMany: (ask: Ask, onMessage: (message: Msg) => boolean) => Promise<void>;
  readonly close: () => Promise<void>;
}

interface Waiting {
  readonly ask: Ask;
  readonly onMessage: (message: Msg) => boolean;
  readonly resolve: () => void;
  readonly reject: (error: MeshError) => void;
  timer: NodeJS.Timeout;
}

interface Listening {
  readonly subject: string;
  readonly queue: string | undefined;
  readonly onMessage: (message: Msg) => void;
  subscription: Subscription | undefined;
}

const connectTimeoutMs = 2_000;
const pingMs = 5_000;

export function createNatsWire(options: WireOptions): NatsWire {
  const { log } = options;
  const listeners = new Set<(connected: boolean) => void>();
  const listening = new Set<Listening>();
  const waiting = new Map<string, Waiting>();
  const pause = createPause();
  let connection: NatsConnection | undefined;
  let connected = false;
  let closed = false;
  let awaySinceMs = performance.now();
  let asked = 0;
  let inbox = '';

  /** Grows with the outage: 100 ms at first, 1 s at most, with jitter so that services do not come back in step. */
  const delayMs = (): number => {
    const base = Math.min(Math.max((performance.now() - awaySinceMs) / 4, 100), 1_000);
    return base * (0.75 + Math.random() / 2);
  };

  const setConnected = (now: boolean): void => {
    if (closed && now) return;
    if (!now && connected) awaySinceMs = performance.now();
    if (!now && !connected) return;
    connected = now;
    if (!now) {
      const error = new MeshError('bus_unavailable', `connection to ${options.url} lost`);
      for (const [token, question] of waiting) settle(token, () => question.reject(error));
    }
    for (const listener of listeners) listener(now);
  };

  const settle = (token: string, end: () => void): void => {
    const question = waiting.get(token);
    if (question === undefined) return;
    clearTimeout(question.timer);
    waiting.delete(token);
    end();
  };

  const onAnswer = (message: Msg): void => {
    const token = message.subject.slice(inbox.length + 1);
    const question = waiting.get(token);
    if (question === undefined) return;
    if (message.data.length === 0 && message.headers?.code === 503) {
      const text = `nobody answers ${question.ask.subject}`;
      return settle(token, () => question.reject(new MeshError('bus_unavailable', text)));
    }
    if (question.onMessage(message)) settle(token, question.resolve);
    else question.timer.refresh();
  };

  const open = (
    on: NatsConnection,
    { subject, queue, onMessage }: Omit<Listening, 'subscription'>,
  ): Subscription =>
    on.subscribe(subject, {
      ...(queue === undefined ? {} : { queue }),
      callback: (error, message) => {
        if (error !== null) return log.error('not allowed to subscribe', { subject, err: error });
        try {
          onMessage(message);
        } catch (thrown) {
          // The client would stop reading without a word; this is our bug and ends the process.
          queueMicrotask(() => {
            throw thrown;
          });
        }
      },
    });

  const attach = (on: NatsConnection): void => {
    connection = on;
    inbox = `${options.inboxPrefix}.${nuid.next()}`;
    open(on, { subject: `${inbox}.*`, queue: undefined, onMessage: onAnswer });
    for (const each of listening) each.subscription = open(on, each);
    setConnected(true);
    void watchStatus(on);
  };

  const watchStatus = async (on: NatsConnection): Promise<void> => {
    for await (const status of on.status()) {
      if (status.type === Events.Disconnect) {
        if (!closed) log.warn('connection to the bus lost', { url: options.url });
        setConnected(false);
      } else if (status.type === Events.Reconnect) {
        log.info('connected to the bus again', { url: options.url });
        setConnected(true);
      } else if (status.type === Events.Error) {
        log.error('the bus refused something', { code: status.data, ...status.permissionContext });
      }
    }
  };

  const run = async (): Promise<void> => {
    let said = false;
    while (!closed) {
      try {
        const opened = await connect(clientOptions(options, delayMs));
        if (closed) return await opened.close();
        log.info('connected to the bus', { url: options.url });
        said = false;
        attach(opened);
        const reason = await opened.closed();
        setConnected(false);
        if (reason instanceof Error) log.warn('connection to the bus ended', { err: reason });
      } catch (thrown) {
        const fields = { url: options.url, err: MeshError.from(thrown, 'bus_unavailable') };
        if (!said) log.warn('the bus does not answer: trying again until it does', fields);
        said = true;
      }
      connection = undefined;
      if (!closed) await pause.wait(delayMs());
    }
  };

  const askMany = (question: Ask, onMessage: (message: Msg) => boolean): Promise<void> =>
    new Promise((resolve, reject) => {
      if (connection === undefined || !connected) {
        return reject(new MeshError('bus_unavailable', `not connected to ${options.url}`));
      }
      const token = `${(asked += 1)}`;
      const { subject, timeoutMs } = question;
      const timer = setTimeout(
        () =>
          settle(token, () =>
            reject(new MeshError('bus_timeout', `no answer on ${subject} within ${timeoutMs} ms`)),
          ),
        timeoutMs,
      );
      waiting.set(token, { ask: question, onMessage, resolve, reject, timer });
      try {
        connection.publish(subject, question.bytes ?? Empty, {
          reply: `${inbox}.${token}`,
          ...(question.headers === undefined ? {} : { headers: question.headers }),
        });
      } catch (thrown) {
        settle(token, () => reject(MeshError.from(thrown, 'bus_refused')));
      }
    });

  const running = run();
  return {
    connected: () => connected,
    onConnected: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    subscribe: (subject, onMessage, queue) => {
      const mine: Listening = { subject, queue, onMessage, subscription: undefined };
      listening.add(mine);
      if (connection !== undefined) mine.subscription = open(connection, mine);
      return () => {
        listening.delete(mine);
        mine.subscription?.unsubscribe();
      };
    },
    ask: async (question) => {
      let answer: Msg | undefined;
      await askMany(question, (message) => {
        answer = message;
        return true;
      });
      if (answer === undefined) throw new MeshError('bus_unavailable', 'closed');
      return answer;
    },
    askMany,
    close: async () => {
      closed = true;
      setConnected(false);
      pause.wake();
      await connection?.close();
      await running;
    },
  };
}

function clientOptions(options: WireOptions, delayMs: () => number): Parameters<typeof connect>[0] {
  const { credentialsFile, caFile } = options;
  return {
    servers: options.url,
    name: options.name,
    inboxPrefix: options.inboxPrefix,
    maxReconnectAttempts: -1,
    reconnectDelayHandler: delayMs,
    ignoreAuthErrorAbort: true,
    timeout: connectTimeoutMs,
    pingInterval: pingMs,
    ...(caFile === undefined ? {} : { tls: { caFile } }),
    ...(credentialsFile === undefined
      ? {}
      : {
          // Read for every connection, so that a replaced file takes effect.
          authenticator: (nonce?: string) =>
            nkeyAuthenticator(parseSeed(readFileSync(credentialsFile, 'utf8'), credentialsFile))(
              nonce,
            ),
        }),
  };
}
