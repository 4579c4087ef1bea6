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
  type NatsConnection,
  type Subscription,
} from 'nats';
import { createPause } from './backoff.ts';
import { parseSeed } from './credentials.ts';
import { Questions, type Ask } from './questions.ts';

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

interface Listening {
  readonly subject: string;
  readonly queue: string | undefined;
  readonly onMessage: (message: Msg) => void;
  subscription: Subscription | undefined;
}

const connectTimeoutMs = 2_000;
const pingMs = 5_000;

/** One connection that comes back for ever, with questions that fail at once when it is lost. */
export class NatsWire {
  readonly #options: WireOptions;
  readonly #log: Logger;
  readonly #listeners = new Set<(connected: boolean) => void>();
  readonly #listening = new Set<Listening>();
  readonly #questions = new Questions();
  readonly #pause = createPause();
  readonly #readSeed: () => Uint8Array | undefined;
  readonly #running: Promise<void>;
  #connection: NatsConnection | undefined;
  #connected = false;
  #closed = false;
  #awaySinceMs = performance.now();
  #inbox = '';

  constructor(options: WireOptions) {
    this.#options = options;
    this.#log = options.log;
    this.#readSeed = createSeedReader(options.credentialsFile);
    this.#running = this.#run();
  }

  get connected(): boolean {
    return this.#connected;
  }

  onConnected(listener: (connected: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Holds through every reconnect. */
  subscribe(subject: string, onMessage: (message: Msg) => void, queue?: string): () => void {
    const mine: Listening = { subject, queue, onMessage, subscription: undefined };
    this.#listening.add(mine);
    if (this.#connection !== undefined) mine.subscription = this.#open(this.#connection, mine);
    return () => {
      this.#listening.delete(mine);
      mine.subscription?.unsubscribe();
    };
  }

  /** An answer of one message. */
  async ask(question: Ask): Promise<Msg> {
    let answer: Msg | undefined;
    await this.askMany(question, (message) => {
      answer = message;
      return true;
    });
    if (answer === undefined) throw new MeshError('bus_unavailable', 'closed');
    return answer;
  }

  /** An answer of several messages, until `onMessage` returns true. */
  async askMany(question: Ask, onMessage: (message: Msg) => boolean): Promise<void> {
    const connection = this.#connection;
    if (connection === undefined || !this.#connected) {
      throw new MeshError('bus_unavailable', `not connected to ${this.#options.url}`);
    }
    const { subject, bytes, headers } = question;
    await this.#questions.add(question, onMessage, (token) =>
      connection.publish(subject, bytes ?? Empty, {
        reply: `${this.#inbox}.${token}`,
        ...(headers === undefined ? {} : { headers }),
      }),
    );
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#setConnected(false);
    this.#pause.wake();
    await this.#connection?.close();
    await this.#running;
  }

  async #run(): Promise<void> {
    let said = false;
    while (!this.#closed) {
      try {
        const opened = await connect(
          clientOptions(this.#options, () => this.#delayMs(), this.#readSeed),
        );
        if (this.#closed) return await opened.close();
        this.#log.info('connected to the bus', { url: this.#options.url });
        said = false;
        this.#attach(opened);
        const reason = await opened.closed();
        this.#setConnected(false);
        if (reason instanceof Error) this.#log.warn('connection to the bus ended', { err: reason });
      } catch (thrown) {
        const fields = { url: this.#options.url, err: MeshError.from(thrown, 'bus_unavailable') };
        if (!said) this.#log.warn('the bus does not answer: trying until it does', fields);
        said = true;
      }
      this.#connection = undefined;
      if (!this.#closed) await this.#pause.wait(this.#delayMs());
    }
  }

  #attach(connection: NatsConnection): void {
    this.#connection = connection;
    this.#inbox = `${this.#options.inboxPrefix}.${nuid.next()}`;
    const skip = this.#inbox.length + 1;
    this.#open(connection, {
      subject: `${this.#inbox}.*`,
      queue: undefined,
      onMessage: (message) => this.#questions.answer(message.subject.slice(skip), message),
    });
    for (const each of this.#listening) each.subscription = this.#open(connection, each);
    this.#setConnected(true);
    void this.#watchStatus(connection);
  }

  #open(
    connection: NatsConnection,
    { subject, queue, onMessage }: Omit<Listening, 'subscription'>,
  ): Subscription {
    return connection.subscribe(subject, {
      ...(queue === undefined ? {} : { queue }),
      callback: (error, message) => {
        if (error !== null) {
          return this.#log.error('not allowed to subscribe', { subject, err: error });
        }
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
  }

  async #watchStatus(connection: NatsConnection): Promise<void> {
    const { url } = this.#options;
    for await (const status of connection.status()) {
      if (status.type === Events.Disconnect) {
        if (!this.#closed) this.#log.warn('connection to the bus lost', { url });
        this.#setConnected(false);
      } else if (status.type === Events.Reconnect) {
        this.#log.info('connected to the bus again', { url });
        this.#setConnected(true);
      } else if (status.type === Events.Error) {
        const { permissionContext } = status;
        this.#log.error('the bus refused something', { code: status.data, ...permissionContext });
      }
    }
  }

  #setConnected(now: boolean): void {
    if (now ? this.#closed : !this.#connected) return;
    this.#connected = now;
    if (!now) {
      this.#awaySinceMs = performance.now();
      const text = `connection to ${this.#options.url} lost`;
      this.#questions.rejectAll(new MeshError('bus_unavailable', text));
    }
    for (const listener of this.#listeners) listener(now);
  }

  /** Grows with the outage: 100 ms at first, 1 s at most, with jitter so that services do not come back in step. */
  #delayMs(): number {
    const awayMs = performance.now() - this.#awaySinceMs;
    return Math.min(Math.max(awayMs / 4, 100), 1_000) * (0.75 + Math.random() / 2);
  }
}

/** Reads the seed for every connection, so that a replaced file takes effect; an unreadable one costs a reconnect nothing. */
function createSeedReader(file: string | undefined): () => Uint8Array | undefined {
  let last: Uint8Array | undefined;
  return () => {
    if (file === undefined) return undefined;
    try {
      last = parseSeed(readFileSync(file, 'utf8'), file);
    } catch (thrown) {
      if (last === undefined) throw MeshError.from(thrown, 'invalid_config');
    }
    return last;
  };
}

function clientOptions(
  options: WireOptions,
  delayMs: () => number,
  readSeed: () => Uint8Array | undefined,
): Parameters<typeof connect>[0] {
  const { caFile } = options;
  // Here an unreadable file still has a name in its error; inside the client it would be a timeout.
  const seed = readSeed();
  return {
    servers: options.url.split(','),
    name: options.name,
    inboxPrefix: options.inboxPrefix,
    maxReconnectAttempts: -1,
    reconnectDelayHandler: delayMs,
    ignoreAuthErrorAbort: true,
    timeout: connectTimeoutMs,
    pingInterval: pingMs,
    ...(caFile === undefined ? {} : { tls: { caFile } }),
    ...(seed === undefined
      ? {}
      : { authenticator: (nonce?: string) => nkeyAuthenticator(readSeed() ?? seed)(nonce) }),
  };
}
