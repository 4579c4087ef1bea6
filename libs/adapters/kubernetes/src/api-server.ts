import { request as requestHttp, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { MeshError, type MeshErrorCode } from '@osm/prelude';
import type { ApiCredentials } from './credentials.ts';

/** One question to the API server. */
export interface ApiRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Starts with a slash. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  /** The body as it is sent, instead of `body`. */
  readonly text?: string;
  /** Default `application/json`; a PATCH names its kind here. */
  readonly contentType?: string;
  /** What the answer is; default JSON. A text, such as a log, is given back as it came. */
  readonly answer?: 'json' | 'text';
  readonly signal?: AbortSignal | undefined;
}

/** The Kubernetes API, as the mesh uses it: JSON in, JSON out, errors with codes. */
export interface ApiServer {
  readonly url: string;
  /**
   * Answers with the decoded body, or as the request asks.
   *
   * @throws MeshError `not_found`, `api_conflict` (409), `api_expired` (410), `api_refused` (other 4xx), `api_unavailable`.
   */
  readonly ask: (request: ApiRequest) => Promise<unknown>;
  /** Server-side apply of a manifest, YAML or JSON, as `owner` of its fields; takes them from other owners. */
  readonly apply: (path: string, manifest: string, owner: string) => Promise<unknown>;
  /** Follows an answer that is one JSON value per line: the values of each piece that arrived, together. */
  readonly follow: (request: ApiRequest) => AsyncIterable<readonly unknown[]>;
}

/** A dead connection is given up after so long; an API server sends a bookmark about every minute. */
const silenceMsMax = 150_000;
const askMsMax = 60_000;

/** Talks to the API server behind the credentials. Holds no connection until asked, and none for long afterwards. */
export function createApiServer(credentials: ApiCredentials): ApiServer {
  const ask: ApiServer['ask'] = async (request) => {
    const response = await send(credentials, request, askMsMax);
    const text = await readAll(response, credentials.url);
    if (response.statusCode !== undefined && response.statusCode < 300) {
      if (request.answer === 'text') return text;
      return text === '' ? undefined : parseJson(text);
    }
    throw refusal(request, response.statusCode ?? 0, text);
  };
  return {
    url: credentials.url,
    ask,
    apply: (path, manifest, owner) =>
      ask({
        method: 'PATCH',
        path,
        query: { fieldManager: owner, force: 'true' },
        contentType: 'application/apply-patch+yaml',
        text: manifest,
      }),
    follow: async function* (request) {
      const response = await send(credentials, request, silenceMsMax);
      if (response.statusCode !== 200) {
        throw refusal(request, response.statusCode ?? 0, await readAll(response, credentials.url));
      }
      yield* jsonLines(response, credentials.url);
    },
  };
}

async function send(
  credentials: ApiCredentials,
  request: ApiRequest,
  silenceMs: number,
): Promise<IncomingMessage> {
  const { agent, headers } = await credentials.next();
  const url = new URL(credentials.url + request.path);
  for (const [name, value] of Object.entries(request.query ?? {})) {
    if (value !== undefined) url.searchParams.set(name, value);
  }
  const body =
    request.text ?? (request.body === undefined ? undefined : JSON.stringify(request.body));
  const start = url.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const sent = start(
      url,
      {
        method: request.method ?? 'GET',
        ...(agent === undefined ? {} : { agent }),
        ...(request.signal === undefined ? {} : { signal: request.signal }),
        timeout: silenceMs,
        headers: {
          ...headers,
          accept: request.answer === 'text' ? '*/*' : 'application/json',
          ...(body === undefined
            ? {}
            : {
                'content-type': request.contentType ?? 'application/json',
                'content-length': String(Buffer.byteLength(body)),
              }),
        },
      },
      resolve,
    );
    sent.on('timeout', () => sent.destroy(new Error(`silent for ${silenceMs / 1000} s`)));
    sent.on('error', (thrown) => reject(unavailable(credentials.url, thrown)));
    sent.end(body);
  });
}

function unavailable(url: string, thrown: unknown): MeshError {
  const { message } = MeshError.from(thrown);
  return new MeshError('api_unavailable', `the API server ${url} is not reachable: ${message}`, {
    cause: thrown,
  });
}

async function readAll(response: IncomingMessage, url: string): Promise<string> {
  const parts: Buffer[] = [];
  try {
    for await (const part of response) parts.push(part as Buffer);
  } catch (thrown) {
    throw unavailable(url, thrown);
  }
  return Buffer.concat(parts).toString('utf8');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    throw new MeshError(
      'api_unavailable',
      'the API server answered with something else than JSON',
      {
        cause: thrown,
      },
    );
  }
}

async function* jsonLines(
  response: IncomingMessage,
  url: string,
): AsyncIterable<readonly unknown[]> {
  let rest = '';
  response.setEncoding('utf8');
  try {
    for await (const part of response) {
      const lines = (rest + String(part)).split('\n');
      rest = lines.pop() ?? '';
      const values = lines.filter((line) => line !== '').map(parseJson);
      if (values.length > 0) yield values;
    }
  } catch (thrown) {
    throw unavailable(url, thrown);
  } finally {
    response.destroy();
  }
}

const codes: Readonly<Record<number, MeshErrorCode>> = {
  404: 'not_found',
  409: 'api_conflict',
  410: 'api_expired',
};

/** The API server's own words, when it found any. */
function refusal(request: ApiRequest, status: number, text: string): MeshError {
  const code =
    codes[status] ??
    (status >= 400 && status < 500 && status !== 429 ? 'api_refused' : 'api_unavailable');
  let said = text.slice(0, 500);
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    if (typeof message === 'string') said = message;
  } catch {
    // Not a Status object: its text has to do.
  }
  const what = `${request.method ?? 'GET'} ${request.path}`;
  return new MeshError(code, `${what}: ${said === '' ? 'no reason given' : said} (${status})`);
}
