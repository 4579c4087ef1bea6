// serve.mjs KIND:PORT...: servers of a test pod. http answers who it is and what it was asked, https the same with the key and the
// certificate of TLS_KEY and TLS_CERT, grpc answers health checks, echo repeats each line (to `who` it says which pod it is), greet
// speaks first and then repeats. Without an argument it idles: a pod to send from.
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import net from 'node:net';
import os from 'node:os';

const name = process.env.NAME ?? os.hostname();
const servers = process.argv.slice(2).map((spec) => {
  const [kind, port] = spec.split(':');
  const server = makeServer(kind);
  return server.listen(Number(port), '0.0.0.0');
});
setInterval(() => undefined, 1 << 30);

// As a server should: who is being answered gets the answer, nobody else is taken on.
process.on('SIGTERM', () => {
  if (servers.length === 0) process.exit(0);
  let open = servers.length;
  for (const server of servers) {
    server.close(() => --open === 0 && process.exit(0));
    server.closeIdleConnections?.();
  }
  setTimeout(() => process.exit(0), 2000);
});

function makeServer(kind) {
  const { TLS_KEY: key, TLS_CERT: cert } = process.env;
  if (kind === 'http') return http.createServer(answer);
  if (kind === 'https') return https.createServer({ key, cert }, answer);
  if (kind === 'grpc') return http2.createServer().on('stream', answerHealth);
  return net.createServer(talk(kind));
}

/** grpc.health.v1.Health/Check: HealthCheckResponse{status: SERVING}, whatever is asked. */
function answerHealth(stream) {
  stream.on('error', () => undefined);
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.end(Buffer.from([0, 0, 0, 0, 2, 0x08, 1]));
}

/** /slow/MS answers after so long, /status/CODE with that status. */
function answer(request, response) {
  request.resume();
  const [, word, value] = request.url.split('/');
  const { method, url: path, headers } = request;
  const body = `${JSON.stringify({ name, pod: os.hostname(), method, path, headers })}\n`;
  setTimeout(
    () => {
      response.writeHead(word === 'status' ? Number(value) : 200, {
        'content-type': 'application/json',
        'x-pod': os.hostname(),
      });
      response.end(body);
    },
    word === 'slow' ? Number(value) : 0,
  );
}

function talk(kind) {
  return (socket) => {
    let rest = '';
    socket.setEncoding('utf8');
    socket.on('error', () => socket.destroy());
    if (kind === 'greet') socket.write(`220 ${name} ready\n`);
    socket.on('data', (chunk) => {
      rest += chunk;
      for (let at; (at = rest.indexOf('\n')) >= 0; rest = rest.slice(at + 1)) {
        const line = rest.slice(0, at).trim();
        socket.write(line === 'who' ? `${os.hostname()}\n` : `${name}: ${line}\n`);
      }
    });
  };
}
