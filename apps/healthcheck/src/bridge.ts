import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect } from 'node:net';

/** Where the injector sends the TCP probes of a pod; path, header and statuses are OSM's. */
const healthcheckPath = '/osm-healthcheck';
const portHeader = 'original-tcp-port';

/** The bridge: an HTTP probe that names a port is answered by opening a TCP connection to it on this pod. */
export function createBridge(dialHost = '127.0.0.1'): Server {
  const server = createServer((request, response) => answer(request, response, dialHost));
  // Whoever reaches the pod reaches this port, too: what does not behave like a probe gets little.
  server.maxConnections = 64;
  server.headersTimeout = 5_000;
  server.requestTimeout = 5_000;
  server.keepAliveTimeout = 1_000;
  return server;
}

function answer(request: IncomingMessage, response: ServerResponse, dialHost: string): void {
  if (request.url?.split('?')[0] !== healthcheckPath) {
    end(response, 404, `ask for ${healthcheckPath}`);
    return;
  }
  const port = parsePort(request.headers[portHeader]);
  if (port === undefined) {
    end(response, 400, 'header Original-Tcp-Port: a port between 1 and 65535 is needed');
    return;
  }
  const socket = connect({ host: dialHost, port });
  socket.once('connect', () => end(response, 200, `port ${port} accepts connections`));
  socket.once('error', (error) => end(response, 404, `port ${port}: ${error.message}`));
  // The probe was answered, or the kubelet's patience ended: either way nobody waits for the connection any more.
  response.once('close', () => socket.destroy());
}

function end(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain' }).end(`${text}\n`);
}

function parsePort(header: string | readonly string[] | undefined): number | undefined {
  if (typeof header !== 'string' || !/^\d{1,5}$/.test(header)) return undefined;
  const port = Number(header);
  return port >= 1 && port <= 65_535 ? port : undefined;
}
