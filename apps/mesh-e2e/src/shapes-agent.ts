import { readFileSync, writeFileSync } from 'node:fs';
import type { Playground } from '@osm/playground';

/** A pod of the image e2e/shapes, as the client that its agent plays (images/shapes/acts.mjs). What a call could not do is an `error`. */
export interface ShapesClient {
  readonly call: (options: CallOptions) => Promise<HttpAnswer>;
  /** Requests over one HTTP/2 connection with prior knowledge, all at once. */
  readonly callHttp2: (options: {
    readonly url: string;
    readonly path: string;
    readonly times?: number;
  }) => Promise<
    readonly {
      readonly status?: number;
      readonly by?: string;
      readonly text?: string;
      readonly error?: string;
    }[]
  >;
  readonly callGrpc: (options: GrpcOptions) => Promise<GrpcAnswer>;
  /** Sends bytes as they are; `text` is what came until the connection ended, or until it had `until`. */
  readonly raw: (options: {
    readonly host: string;
    readonly port: number;
    readonly send: string;
    readonly until?: string;
    readonly limitMs?: number;
  }) => Promise<{ readonly text: string; readonly how: string }>;
  /** Reads server-sent events to the end, or so many of them. */
  readonly events: (options: { readonly url: string; readonly take?: number }) => Promise<{
    readonly came: readonly { readonly data: string; readonly afterMs: number }[];
    readonly how: string;
  }>;
  readonly websocket: (options: {
    readonly url: string;
    readonly messages: readonly string[];
    readonly pauseMs?: number;
  }) => Promise<{
    readonly status?: number;
    readonly heard?: readonly string[];
    readonly error?: string;
  }>;
  /** Sends a body of so many bytes. */
  readonly give: (options: {
    readonly url: string;
    readonly bytes: number;
    readonly length: 'known' | 'unknown';
  }) => Promise<HttpAnswer>;
  /** Reads a body; with `hold` nothing of it until the release. */
  readonly take: (options: { readonly url: string; readonly hold?: boolean }) => Promise<Taken>;
  readonly takeHttp2: (options: {
    readonly url: string;
    readonly path: string;
    readonly hold?: boolean;
  }) => Promise<Taken>;
  /** Lets so many readers go on, when they all hold back. */
  readonly release: (options: { readonly readers: number }) => Promise<unknown>;
  /** Sends a body and reads the answer at the same time. */
  readonly mirror: (options: {
    readonly url: string;
    readonly bytes: number;
  }) => Promise<{ readonly status?: number; readonly bytes?: number; readonly error?: string }>;
}

interface CallOptions {
  readonly url: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Size of the body instead of a text. */
  readonly bytes?: number;
  /** Request target, when it is not that of the URL. */
  readonly path?: string;
}

export interface HttpAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly text?: string;
  readonly trailers?: Readonly<Record<string, string>>;
  /** 1xx answers before the last one. */
  readonly informed?: readonly number[];
  readonly tookMs?: number;
  readonly error?: string;
}

interface Taken {
  readonly status?: number;
  readonly bytes?: number;
  readonly framing?: string;
  readonly error?: string;
}

interface GrpcOptions {
  readonly target: string;
  readonly call: 'unary' | 'collect' | 'count' | 'chat' | 'cancelled';
  readonly message?: { readonly say?: string; readonly wait?: number; readonly fail?: boolean };
  readonly messages?: readonly string[];
  readonly deadlineMs?: number;
  readonly cancelAfterMs?: number;
  readonly to?: number;
  readonly gap?: number;
  readonly take?: number;
}

export interface GrpcAnswer {
  readonly answer?: { readonly by: string; readonly said?: unknown };
  readonly status?: string;
  readonly code?: string;
  readonly trailer?: string;
  readonly numbers?: readonly number[];
  readonly heard?: readonly string[];
  readonly cancelled?: number;
}

const agentPort = 7777;
const actMsMax = 120_000;

/** The agent of the Deployment's pod. */
export function clientIn(playground: Playground, deployment: string): ShapesClient {
  const act = <T>(name: keyof ShapesClient) => {
    return async (options: object): Promise<T> => {
      const path = `/${name}?${encodeURIComponent(JSON.stringify(options))}`;
      const { pid } = instanceOf(playground, deployment);
      const question = { port: agentPort, path, timeoutMs: actMsMax };
      const { status, body } = await playground.dialer.http(pid, question);
      if (status !== 200) throw new Error(`${deployment}: ${body}`);
      return JSON.parse(body) as T;
    };
  };
  return {
    call: act('call'),
    callHttp2: act('callHttp2'),
    callGrpc: act('callGrpc'),
    raw: act('raw'),
    events: act('events'),
    websocket: act('websocket'),
    give: act('give'),
    take: act('take'),
    takeHttp2: act('takeHttp2'),
    release: act('release'),
    mirror: act('mirror'),
  };
}

export function podOf(playground: Playground, deployment: string): Playground['pods'][number] {
  const pod = playground.pods.find(({ blueprint }) => blueprint.owner === deployment);
  if (pod === undefined) throw new Error(`no pod of ${deployment}`);
  return pod;
}

function instanceOf(playground: Playground, deployment: string) {
  const { instance } = podOf(playground, deployment);
  if (instance?.pid === undefined) throw new Error(`${deployment} does not run`);
  return { pid: instance.pid, containers: instance.containers };
}

/** The memory that the sidecar holds in RAM: now, and the most since the last `forgetPeak`. */
export class SidecarMemory {
  readonly #pid: number;

  constructor(playground: Playground, deployment: string) {
    const pid = instanceOf(playground, deployment).containers.get('envoy')?.pid;
    if (pid === undefined) throw new Error(`${deployment} has no sidecar`);
    this.#pid = pid;
  }

  get bytes(): number {
    return this.#read('VmRSS');
  }

  get peakBytes(): number {
    return this.#read('VmHWM');
  }

  forgetPeak(): void {
    writeFileSync(`/proc/${this.#pid}/clear_refs`, '5');
  }

  #read(field: string): number {
    const status = readFileSync(`/proc/${this.#pid}/status`, 'utf8');
    const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1];
    return Number(kilobytes) * 1024;
  }
}
