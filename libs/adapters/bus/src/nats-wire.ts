import { checkServerIdentity, type PeerCertificate } from 'node:tls';
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
import { parseNatsAddresses, type NatsAddresses } from './nats-addresses.ts';
import { explainFailure } from './nats-failure.ts';
import { createNatsSecrets, type NatsSecrets } from './nats-secrets.ts';
import { Questions, type Ask } from './questions.ts';

export interface WireOptions {
  /** `tls://` addresses, or `nats://` ones on this machine; several with commas. */
  readonly url: string;
  /** `nats://` may lead to other machines. */
  readonly plaintext?: boolean | undefined;
  readonly credentialsFile: string | undefined;
  /** PEM of who signed the server's certificate, for tls:// addresses outside the system's trust. */
  readonly caFile: string | undefined;
  /** For people who look at the server's connections. */
  readonly name: string;
  readonly inboxPrefix: string;
  readonly log: Logger;
  /** Told of everything that the server does not let us do: publish, subscribe, connect. */
  readonly onRefused?: ((operation: string) => void) | undefined;
}

interface Listening {
  readonly subject: string;
  readonly queue: string | undefined;
  readonly onMessage: (message: Msg) => void;
  subscription: Subscription | undefined;
}

const connectTimeoutMs = 2_000;
/** A server that is silent for some 6 s is gone: paused, or behind a broken link. An answer may wait behind 1 MB on a slow link. */
const pingMs = 1_500;
const pingsOutMax = 3;
/** Longest wait between attempts: a server that is back is found within 2 s, everything that follows included. */
const delayMsMost = 500;
/** How long a connection that was replaced is kept for answers that are on their way. */
const lingerMs = 10_000;
const measureMs = 2_000;
const moveRetryMsMost = 30_000;

/**
 * One connection that comes back for ever, with questions that fail at once when it is lost. When the files it is made with change, it
 * moves over to a new connection: the old one serves until the new one stands.
 */
export class NatsWire {
  readonly #options: WireOptions;
  readonly #addresses: NatsAddresses;
  readonly #log: Logger;
  readonly #listeners = new Set<(connected: boolean) => void>();
  readonly #listening = new Set<Listening>();
  readonly #questions = new Questions(() => this.#measure());
  readonly #pause = createPause();
  readonly #movePause = createPause();
  readonly #secrets: NatsSecrets;
  readonly #running: Promise<void>;
  /** Connections that were replaced and still linger. */
  readonly #leaving = new Set<NatsConnection>();
  #connection: NatsConnection | undefined;
  #connected = false;
  #closed = false;
  #awaySinceMs = performance.now();
  #inbox = '';
  /** Counts the times the files changed; a move that began before is begun again. */
  #wantedMove = 0;
  #moving = false;
  #measuring: NatsConnection | undefined;

  /** Throws `invalid_config` when the addresses are not acceptable. */
  constructor(options: WireOptions) {
    this.#options = options;
    this.#log = options.log;
    this.#addresses = parseNatsAddresses(options.url, options.plaintext === true);
    this.#secrets = createNatsSecrets(options);
    this.#secrets.onChange(() => this.#move());
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
    this.#secrets.close();
    this.#setConnected(false);
    this.#pause.wake();
    this.#movePause.wake();
    await Promise.all([...this.#leaving].map((each) => each.close()));
    await this.#connection?.close();
    await this.#running;
  }

  async #run(): Promise<void> {
    let said = '';
    while (!this.#closed) {
      try {
        const opened = await this.#connect();
        if (this.#closed) return await opened.close();
        this.#log.info('connected to the bus', { url: this.#options.url });
        said = '';
        this.#attach(opened);
        await this.#untilOver(opened);
      } catch (thrown) {
        const err = explainFailure(thrown, { url: this.#options.url, ...this.#addresses });
        if (err.message !== said)
          this.#log.warn('no connection to the bus: trying until there is one', { err });
        said = err.message;
      }
      this.#connection = undefined;
      if (!this.#closed) await this.#pause.wait(this.#delayMs());
    }
  }

  async #connect(): Promise<NatsConnection> {
    try {
      return await connect(clientOptions(this.#options, this.#addresses, this.#secrets));
    } catch (thrown) {
      if (/authorization violation/i.test(MeshError.from(thrown).message))
        this.#options.onRefused?.('connect');
      throw thrown;
    }
  }

  /** Waits for the end of the connection, and of those that take its place. */
  async #untilOver(opened: NatsConnection): Promise<void> {
    for (let current: NatsConnection | undefined = opened; current !== undefined;) {
      const reason: unknown = await current.closed();
      if (this.#connection !== current) {
        current = this.#connection;
        continue;
      }
      const err = reason instanceof Error ? MeshError.from(reason) : undefined;
      if (!this.#closed) this.#log.warn('connection to the bus lost', { err });
      this.#setConnected(false);
      return;
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
    void this.#watchStatus(connection);
    this.#measure();
    this.#setConnected(true);
  }

  /** How far away the server is decides how long to wait for answers: measured again and again, and when one was late. */
  #measure(): void {
    const connection = this.#connection;
    if (connection === undefined || this.#measuring === connection) return;
    this.#measuring = connection;
    const ended = (): void => {
      if (this.#measuring === connection) this.#measuring = undefined;
    };
    connection.rtt().then((ms) => {
      if (this.#connection === connection) this.#questions.tripMs = ms;
      ended();
      setTimeout(() => this.#measure(), measureMs).unref();
    }, ended);
  }

  /** The files changed: over to a connection that is made with what they say now. */
  #move(): void {
    this.#wantedMove += 1;
    this.#movePause.wake();
    // Without a connection the next attempt reads the files anyway.
    if (!this.#moving && this.#connected) void this.#moveOver();
  }

  async #moveOver(): Promise<void> {
    this.#moving = true;
    let done = 0;
    for (let failures = 0; done !== this.#wantedMove && this.#connected && !this.#closed;) {
      const aim = this.#wantedMove;
      try {
        await this.#replaceConnection();
        done = aim;
      } catch (thrown) {
        const err = explainFailure(thrown, { url: this.#options.url, ...this.#addresses });
        const what =
          'the new credentials are not accepted yet: the connection made with the old stays';
        this.#log[failures === 0 ? 'warn' : 'debug'](what, { err });
        await this.#movePause.wait(Math.min(500 * 2 ** failures++, moveRetryMsMost));
      }
    }
    this.#moving = false;
  }

  /** The new one has every subscription before the old one gives them up; answers to what was asked on the old one still arrive there. */
  async #replaceConnection(): Promise<void> {
    const opened = await this.#connect();
    const old = this.#connection;
    if (this.#closed || old === undefined || !this.#connected) return await opened.close();
    const replaced = [...this.#listening].map((each) => each.subscription);
    const lastToken = this.#questions.asked;
    this.#leaving.add(old);
    this.#attach(opened);
    this.#log.info('moved over to a connection with the new credentials', {});
    void old.closed().then(() => {
      this.#leaving.delete(old);
      this.#questions.rejectAll(new MeshError('bus_unavailable', 'connection replaced'), lastToken);
    });
    setTimeout(() => void old.close(), lingerMs).unref();
    await opened.flush();
    for (const subscription of replaced) void subscription?.drain().catch(() => undefined);
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
    for await (const status of connection.status()) {
      if (status.type !== Events.Error) continue;
      const { permissionContext } = status;
      this.#options.onRefused?.(permissionContext?.operation ?? 'connection');
      this.#log.error('the bus refused something', { code: status.data, ...permissionContext });
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

  /** Grows with the outage: 100 ms at first, with jitter so that services do not come back in step. */
  #delayMs(): number {
    const awayMs = performance.now() - this.#awaySinceMs;
    return Math.min(Math.max(awayMs / 4, 100), delayMsMost) * (0.75 + Math.random() / 2);
  }
}

function clientOptions(
  options: WireOptions,
  addresses: NatsAddresses,
  secrets: NatsSecrets,
): Parameters<typeof connect>[0] {
  // Read here, where an unreadable file still has a name in its error; inside the client it would be a timeout.
  const seed = secrets.seed();
  return {
    servers: [...addresses.servers],
    name: options.name,
    inboxPrefix: options.inboxPrefix,
    // A lost connection comes back by a new one, so that a failure is explained and files are read again.
    reconnect: false,
    ignoreAuthErrorAbort: true,
    timeout: connectTimeoutMs,
    pingInterval: pingMs,
    maxPingOut: pingsOutMax,
    ...(addresses.secure ? { tls: tlsOptions(addresses.hosts, secrets.ca()) } : {}),
    ...(seed === undefined ? {} : { authenticator: nkeyAuthenticator(seed) }),
  };
}

/** More of Node's options than the client's type knows; it hands them on. */
function tlsOptions(hosts: readonly string[], ca: string | undefined): object {
  return {
    ...(ca === undefined ? {} : { ca }),
    minVersion: 'TLSv1.2',
    // The client leaves the name of a server given by address to Node, which then expects `localhost`.
    checkServerIdentity: (name: string, certificate: PeerCertificate) => {
      const problems = hosts.map((host) => checkServerIdentity(host, certificate));
      return problems.includes(undefined) ? undefined : (problems[0] ?? new Error(name));
    },
  };
}
