// What the agent of a pod can do as a client. Every act answers with plain data, also when the call fails.
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import net from 'node:net';
import { randomBytes } from 'node:crypto';
import { drain, pour } from './bytes.mjs';
import { callGrpc } from './grpc.mjs';
import { frame, onMessages } from './websocket.mjs';

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** One request over HTTP/1.1, or HTTPS with any certificate. */
function call({ url, method = 'GET', headers = {}, body, bytes, path }) {
  const startedAt = performance.now();
  const said = {};
  return new Promise((resolve) => {
    const secure = url.startsWith('https:');
    const options = {
      method,
      headers,
      agent: false,
      rejectUnauthorized: false,
      maxHeaderSize: 1 << 20,
    };
    if (path !== undefined) options.path = path;
    const request = (secure ? https : http).request(url, options);
    request.on('error', (error) => resolve({ ...said, error: error.code ?? error.message }));
    request.on('continue', () => (said.continued = true));
    request.on('information', ({ statusCode }) => (said.informed ??= []).push(statusCode));
    request.on('response', async (response) => {
      const { statusCode: status, headers: answered, httpVersion } = response;
      const chunks = [];
      let error;
      try {
        for await (const chunk of response) chunks.push(chunk);
      } catch (thrown) {
        error = thrown.code ?? thrown.message;
      }
      const tookMs = performance.now() - startedAt;
      resolve({
        ...said,
        status,
        headers: answered,
        httpVersion,
        text: Buffer.concat(chunks).toString(),
        trailers: response.trailers,
        tookMs,
        ...(error && { error }),
      });
    });
    if (headers.expect === undefined) return void send();
    request.on('continue', send);
    request.flushHeaders();
    async function send() {
      if (bytes !== undefined) await pour(request, bytes);
      request.end(body);
    }
  });
}

/** Requests over one HTTP/2 connection with prior knowledge, all at once. */
function callHttp2({ url, path, times = 1, headers = {} }) {
  return new Promise((resolve) => {
    const session = http2.connect(url);
    const answers = [];
    const done = (answer) => {
      answers.push(answer);
      if (answers.length < times) return;
      session.close();
      resolve(answers);
    };
    session.on('error', (error) => resolve([{ error: error.code ?? error.message }]));
    for (let n = 0; n < times; n++) {
      const stream = session.request({ ':path': path, ...headers });
      const answer = {};
      let text = '';
      stream.on('response', (got) =>
        Object.assign(answer, { status: got[':status'], by: got['x-served-by'] }),
      );
      stream.on('data', (chunk) => (text += chunk));
      stream.on('error', (error) => (answer.error = error.code));
      stream.on('close', () => done({ ...answer, text }));
    }
  });
}

/** Sends bytes as they are; answers with what came until the end of the connection, or until it has `until`. */
function raw({ host, port, send, until, limitMs = 5000 }) {
  return new Promise((resolve) => {
    let text = '';
    const socket = net.connect(port, host, () => socket.write(send));
    const end = (how) => {
      socket.destroy();
      resolve({ text, how });
    };
    socket.setTimeout(limitMs, () => end('silence'));
    socket.on('data', (chunk) => {
      text += chunk;
      if (until !== undefined && text.includes(until)) end('heard');
    });
    socket.on('end', () => end('ended'));
    socket.on('error', (error) => end(error.code));
  });
}

/** Reads server-sent events to the end, or so many of them. */
function events({ url, take: wanted }) {
  return new Promise((resolve) => {
    const startedAt = performance.now();
    const came = [];
    const request = http.get(url, { agent: false }, (response) => {
      const end = (how) => resolve({ came, how });
      response.on('data', (chunk) => {
        for (const [, data] of chunk.toString().matchAll(/data: (.*)\n\n/g))
          came.push({ data, afterMs: performance.now() - startedAt });
        if (came.length !== wanted) return;
        end('left');
        request.destroy();
      });
      response.on('end', () => end('ended'));
      response.on('error', (error) => end(error.code));
    });
    request.on('error', (error) => resolve({ came, how: error.code }));
  });
}

/** A WebSocket: hears the server's first word, and says its messages in turn, the next when the last was answered. */
function websocket({ url, messages, pauseMs = 0 }) {
  return new Promise((resolve) => {
    const headers = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': randomBytes(16).toString('base64'),
    };
    const request = http.get(url, { headers, agent: false });
    request.on('error', (error) => resolve({ error: error.code }));
    request.on('response', ({ statusCode }) => resolve({ status: statusCode }));
    request.on('upgrade', (response, socket, head) => {
      const heard = [];
      const end = () => {
        socket.destroy();
        resolve({ status: response.statusCode, heard });
      };
      socket.on('error', end);
      socket.on('close', end);
      onMessages(socket, head, async (text) => {
        heard.push(text);
        const next = messages[heard.length - 1];
        if (next === undefined) return void end();
        await pause(pauseMs);
        socket.write(frame(next, true));
      });
    });
  });
}

/** Sends a body; its length is announced or not. */
async function give({ url, bytes, length }) {
  const headers = length === 'known' ? { 'content-length': bytes } : {};
  return call({ url, method: 'POST', headers, bytes });
}

/** Readers that hold back, and how to let them go on. */
const held = [];

async function holdBack(hold) {
  if (hold) await new Promise((go) => held.push(go));
}

/** Lets so many readers go on, when they all hold back. */
async function release({ readers }) {
  while (held.length < readers) await pause(5);
  for (const go of held.splice(0)) go();
  return {};
}

/** Reads a body to its end; with `hold` it reads nothing of it until the release. */
function take({ url, hold }) {
  return new Promise((resolve) => {
    const request = http.get(url, { agent: false }, async (response) => {
      await holdBack(hold);
      const { statusCode: status, headers } = response;
      const bytes = await drain(response).catch((error) => error.code);
      resolve({ status, bytes, framing: headers['transfer-encoding'] ?? 'length' });
    });
    request.on('error', (error) => resolve({ error: error.code }));
  });
}

/** The same over HTTP/2. */
function takeHttp2({ url, path, hold }) {
  return new Promise((resolve) => {
    const session = http2.connect(url);
    session.on('error', (error) => resolve({ error: error.code }));
    const stream = session.request({ ':path': path });
    stream.on('response', async (headers) => {
      await holdBack(hold);
      const bytes = await drain(stream).catch((error) => error.code);
      session.close();
      resolve({ status: headers[':status'], bytes });
    });
  });
}

/** Sends and reads at the same time, on one request. */
function mirror({ url, bytes }) {
  return new Promise((resolve) => {
    const request = http.request(url, { method: 'POST', agent: false }, async (response) => {
      resolve({ status: response.statusCode, bytes: await drain(response) });
    });
    request.on('error', (error) => resolve({ error: error.code }));
    void pour(request, bytes).then(() => request.end());
  });
}

export const acts = {
  call,
  callHttp2,
  callGrpc,
  raw,
  events,
  websocket,
  give,
  take,
  takeHttp2,
  release,
  mirror,
};
