import { createServer as createHttpServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createTurns, MeshError, type Turns } from '@osm/prelude';
import {
  admissionReview,
  parseAdmissionReview,
  type AdmissionAnswer,
  type AdmissionRequest,
} from './admission-review.ts';

/** Certificate and key of the server, PEM. */
export interface ServerIdentity {
  readonly cert: string;
  readonly key: string;
}

/** Answers one review; undefined = not yet able to, which `unable` explains. Must not throw. */
export type Admit = (request: AdmissionRequest) => Promise<AdmissionAnswer | undefined>;

/** Where to listen, what to answer, and how much of it at once. */
export interface WebhookServerOptions {
  readonly host: string;
  readonly port: number;
  /** The flag that sets the port, for the error. */
  readonly portFlag: string;
  /** Where reviews are taken, such as `/validate`. */
  readonly path: string;
  /** Undefined = HTTP, for development. */
  readonly identity: ServerIdentity | undefined;
  readonly admit: Admit;
  /** Said, with 503, to whoever asks before anything can be answered. */
  readonly unable: string;
  /** Told of everything that was one too many, or too large. */
  readonly onRefused?: (reason: 'overloaded' | 'too-large' | 'connections') => void;
}

/** A server that listens. */
export interface WebhookServer {
  /** For example `https://127.0.0.1:9090`. */
  readonly address: string;
  /** New connections get this certificate. */
  readonly replaceIdentity: (identity: ServerIdentity) => void;
  /** From now on callers are asked to come back over another connection: to another replica, where there is one. */
  readonly leave: () => void;
  /** Answers what has begun, and ends. */
  readonly close: () => Promise<void>;
}

const healthPath = '/healthz';
/** More than the API server accepts as an object. */
const bodyBytesMax = 4 * 1024 * 1024;
/** Reviews that are read and answered at the same time, and how many more may wait for their turn. */
const answeringMax = 64;
const waitingMax = 256;
const connectionsMax = 1_024;
/** A request must have arrived after this time: whoever dawdles holds a turn. */
const arriveMsMax = 10_000;

interface Reply {
  readonly status: number;
  readonly type: 'application/json' | 'text/plain';
  readonly body: string;
}

/** A server of admission reviews: statuses as OSM. Fails with `io` when it cannot listen. */
export async function startWebhookServer(options: WebhookServerOptions): Promise<WebhookServer> {
  const { identity } = options;
  const https = identity === undefined ? undefined : createHttpsServer(identity);
  const server: Server = https ?? createHttpServer();
  server.maxConnections = connectionsMax;
  server.requestTimeout = arriveMsMax;
  server.headersTimeout = arriveMsMax;
  server.on('drop', () => options.onRefused?.('connections'));
  let isLeaving = false;
  const turns = createTurns(answeringMax, waitingMax);
  server.on('request', (request, response) => {
    void inTurn(turns, request, options)
      .catch((thrown: unknown) => text(500, MeshError.from(thrown).message))
      .then(({ status, type, body }) => {
        // What has not been read of a refused body is not worth reading.
        const close = request.complete && !isLeaving ? {} : { connection: 'close' };
        response.writeHead(status, { 'content-type': type, ...close });
        response.end(body, () => {
          if (!request.complete) request.destroy();
        });
      });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      const message = `cannot listen on ${options.host}:${options.port} (${options.portFlag})`;
      reject(new MeshError('io', message, { cause }));
    });
    server.listen(options.port, options.host, resolve);
  });
  const { address, port } = server.address() as AddressInfo;
  return {
    address: `${https === undefined ? 'http' : 'https'}://${address}:${port}`,
    replaceIdentity: (next) => https?.setSecureContext(next),
    leave: () => {
      isLeaving = true;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
  };
}

async function inTurn(
  turns: Turns,
  request: IncomingMessage,
  options: WebhookServerOptions,
): Promise<Reply> {
  const { onRefused } = options;
  if (request.url === healthPath) return text(200, 'Health OK');
  // Not an answer about this object: the failure policy of the webhook decides, and controllers try again.
  if (!(await turns.take())) {
    onRefused?.('overloaded');
    return text(429, 'too many reviews at once: try again');
  }
  try {
    const reply = await answer(request, options);
    if (reply.status === 413) onRefused?.('too-large');
    return reply;
  } finally {
    turns.give();
  }
}

async function answer(
  request: IncomingMessage,
  { path, admit, unable }: WebhookServerOptions,
): Promise<Reply> {
  const url = request.url?.split('?')[0];
  if (url !== path) return text(404, `not found: the webhook is ${path}`);
  if (request.method !== 'POST') return text(405, 'only POST');
  const contentType = request.headers['content-type']?.split(';')[0]?.trim();
  if (contentType !== 'application/json')
    return text(415, `content type ${contentType ?? '(none)'}: only application/json`);
  const body = await readBody(request);
  if (body === undefined) return text(413, `the body is larger than ${bodyBytesMax} bytes`);
  if (body === '') return text(400, 'the body is empty');
  const review = parseAdmissionReview(body);
  if (review === undefined) {
    const message = 'the body is not an AdmissionReview with a request';
    return json(admissionReview('', { kind: 'deny', message, warnings: [] }));
  }
  const admission = await admit(review);
  // Not an answer about this object: the failure policy of the webhook decides.
  if (admission === undefined) return text(503, unable);
  return json(admissionReview(review.uid, admission));
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes > bodyBytesMax) return undefined;
  }
  return Buffer.concat(chunks).toString('utf8');
}

function text(status: number, body: string): Reply {
  return { status, type: 'text/plain', body: `${body}\n` };
}

function json(body: unknown): Reply {
  return { status: 200, type: 'application/json', body: JSON.stringify(body) };
}
