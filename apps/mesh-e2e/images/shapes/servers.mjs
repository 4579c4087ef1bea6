import { readFileSync } from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';
import { hostname } from 'node:os';
import { drain, pour, writable } from './bytes.mjs';
import { serveGrpc } from './grpc.mjs';
import { acceptKey, frame, onMessages } from './websocket.mjs';

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** How much of the last /give has gone out. */
const gave = { bytes: 0 };

const pages = {
  async '/echo'(request, response, { name, port }) {
    const bytes = await drain(request);
    const { method, url, headers, httpVersion, socket } = request;
    const value = { name, port, pod: hostname(), method, url, headers, httpVersion, bytes };
    if (socket.encrypted) value.tls = socket.getProtocol();
    response.setHeader('content-type', 'application/json');
    if (request.headers['x-want-header-bytes'])
      response.setHeader('x-large', 'x'.repeat(Number(request.headers['x-want-header-bytes'])));
    response.end(JSON.stringify(value));
  },
  async '/status'(request, response, { query }) {
    await drain(request);
    response.writeHead(Number(query.get('code')));
    response.end();
  },
  async '/slow'(_, response, { query }) {
    await pause(Number(query.get('ms')));
    response.end('done');
  },
  /** Server-sent events. */
  async '/events'(request, response, { query }) {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (let n = 1; n <= Number(query.get('to')) && !request.destroyed; n++) {
      if (n > 1) await pause(Number(query.get('gap')));
      response.write(`data: ${n}\n\n`);
    }
    response.end();
  },
  async '/take'(request, response) {
    response.end(JSON.stringify({ bytes: await drain(request), framing: framingOf(request) }));
  },
  async '/give'(_, response, { query }) {
    const bytes = Number(query.get('bytes'));
    if (query.get('length') === 'known') response.setHeader('content-length', bytes);
    gave.bytes = 0;
    await pour(response, bytes, (sofar) => (gave.bytes = sofar));
    response.end();
  },
  '/gave'(_, response) {
    response.end(JSON.stringify(gave));
  },
  async '/mirror'(request, response) {
    for await (const chunk of request) if (!response.write(chunk)) await writable(response);
    response.end();
  },
  /** Answers before it has read anything. */
  '/refuse'(_, response) {
    response.writeHead(413, { 'content-length': 0 });
    response.end();
  },
  '/hints'(_, response) {
    response.writeEarlyHints({ link: '</style.css>; rel=preload' });
    response.end('late');
  },
  '/trailers'(_, response) {
    response.writeHead(200, { trailer: 'x-sum' });
    response.write('body');
    response.addTrailers({ 'x-sum': '42' });
    response.end();
  },
  '/bye'(_, response) {
    response.writeHead(200, { connection: 'close' });
    response.end('bye');
  },
};

function framingOf({ headers }) {
  return headers['transfer-encoding'] ?? `length ${headers['content-length'] ?? 'unknown'}`;
}

function handler(name, port) {
  return (request, response) => {
    const [path, search] = request.url.split('?');
    const page = pages[path] ?? pages['/echo'];
    response.setHeader('x-served-by', name);
    Promise.resolve(
      page(request, response, { name, port, query: new URLSearchParams(search) }),
    ).catch(() => response.destroy());
  };
}

function upgrade(request, socket, head) {
  socket.on('error', () => undefined);
  if (request.headers.upgrade !== 'websocket') {
    socket.end('HTTP/1.1 101 Switching Protocols\r\nupgrade: other\r\nconnection: upgrade\r\n\r\n');
    return;
  }
  const key = acceptKey(request.headers['sec-websocket-key']);
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${key}\r\n\r\n`,
  );
  // The server has the first word.
  socket.write(frame('hello', false));
  onMessages(socket, head, (text) => socket.write(frame(`heard ${text}`, false)));
}

function serveHttp(name, port, address = '0.0.0.0') {
  const handle = handler(name, port);
  const server = http.createServer({ maxHeaderSize: 256 * 1024 }, handle);
  // Who is refused is not told to continue.
  server.on('checkContinue', (request, response) => {
    if (!request.url.startsWith('/refuse')) response.writeContinue();
    handle(request, response);
  });
  server.on('upgrade', upgrade);
  server.requestTimeout = 0;
  server.listen(port, address);
}

export const servers = {
  http: (name, port) => serveHttp(name, port),
  /** On the pod's address only, not on its loopback. */
  bound: (name, port) => serveHttp(name, port, process.env.POD_IP),
  h2c: (name, port) => http2.createServer(handler(name, port)).listen(port, '0.0.0.0'),
  grpc: serveGrpc,
  /** TLS of the application's own, HTTP/1.1 or HTTP/2 as the client likes. */
  https(name, port) {
    const pair = { key: readFileSync('/app/tls.key'), cert: readFileSync('/app/tls.crt') };
    http2
      .createSecureServer({ ...pair, allowHTTP1: true }, handler(name, port))
      .listen(port, '0.0.0.0');
  },
  /** Says that it keeps connections, and closes those that are idle for 10 s. */
  hasty(name, port) {
    const answer = `HTTP/1.1 200 OK\r\nx-served-by: ${name}\r\ncontent-length: 5\r\n\r\nhasty`;
    net
      .createServer((socket) => {
        let timer;
        socket.on('error', () => undefined);
        socket.on('data', () => {
          clearTimeout(timer);
          socket.write(answer);
          timer = setTimeout(() => socket.end(), 10_000);
        });
      })
      .listen(port, '0.0.0.0');
  },
  /** Speaks HTTP/1.0: no length, the end of the connection ends the body. */
  old(name, port) {
    const answer = `HTTP/1.0 200 OK\r\nX-Served-By: ${name}\r\n\r\nold but well`;
    net
      .createServer((socket) => {
        socket.on('error', () => undefined);
        socket.once('data', () => socket.end(answer));
      })
      .listen(port, '0.0.0.0');
  },
};
