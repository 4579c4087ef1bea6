import { get } from 'node:http';
import { SupervisedProcess, type SupervisedOptions } from '../process/supervised-process.ts';
import { pause } from '../process/backoff.ts';

export interface ServiceInstanceOptions extends Omit<SupervisedOptions, 'onChange'> {
  /** The service, without the replica's number. */
  readonly service: string;
  /** Where /health/ready and the rest are, for example http://10.64.255.254:9091. */
  readonly http: string;
  readonly onChange: () => void;
  readonly report: (message: string) => void;
}

/** One process of one service, supervised, with its readiness as the service itself tells it. */
export class ServiceInstance {
  readonly service: string;
  readonly name: string;
  readonly http: string;
  readonly process: SupervisedProcess;
  readonly #options: ServiceInstanceOptions;
  readonly #abort = new AbortController();
  #isReady = false;
  #waiters: (() => void)[] = [];

  constructor(options: ServiceInstanceOptions) {
    this.#options = options;
    this.service = options.service;
    this.name = options.name;
    this.http = options.http;
    this.process = new SupervisedProcess({
      ...options,
      onChange: (change) => {
        if (change.kind === 'ended') {
          options.report(change.text);
          this.#setReady(false);
        } else void this.#awaitReady(this.process.restarts);
      },
    });
  }

  /** It has said ready since it was started last. */
  get isReady(): boolean {
    return this.#isReady;
  }

  start(): void {
    this.process.start();
  }

  async ready(): Promise<void> {
    if (!this.#isReady) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  /** The text of /health/ready: what is missing, when it is not ready. */
  async missing(): Promise<string> {
    return (await fetchText(`${this.http}/health/ready`)).body.trim();
  }

  async stop(graceMs: number): Promise<void> {
    this.#abort.abort();
    await this.process.stop(graceMs);
  }

  async #awaitReady(life: number): Promise<void> {
    while (!this.#abort.signal.aborted && this.process.restarts === life) {
      const { status } = await fetchText(`${this.http}/health/ready`);
      if (status === 200) return this.#setReady(true);
      await pause(40, this.#abort.signal);
    }
  }

  #setReady(isReady: boolean): void {
    if (this.#isReady === isReady) return;
    this.#isReady = isReady;
    if (isReady) for (const resolve of this.#waiters.splice(0)) resolve();
    this.#options.onChange();
  }
}

/** GET of a text; status 0 when there is no answer. */
export function fetchText(
  url: string,
): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve) => {
    const nothing = (): void => resolve({ status: 0, body: '' });
    const outgoing = get(url, { agent: false, timeout: 2000 }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', nothing);
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
      );
    });
    outgoing.once('timeout', () => outgoing.destroy());
    outgoing.once('error', nothing);
  });
}
