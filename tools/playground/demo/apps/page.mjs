// A page for people at /, the counters as JSON at /raw, and the health probes.
import http from 'node:http';

/** Serves counters, and more paths: `routes` maps "METHOD /path" to a handler (request, response). */
export function servePage(port, counters, routes = {}) {
  const name = process.env.NAME ?? 'demo';
  const server = http.createServer((request, response) => {
    const path = request.url.split('?')[0];
    const handler = routes[`${request.method} ${path}`];
    if (handler !== undefined) return handler(request, response);
    if (path === '/raw')
      return response
        .setHeader('content-type', 'application/json')
        .end(`${JSON.stringify(counters())}\n`);
    if (path === '/liveness' || path === '/readiness') return response.end('ok\n');
    if (path !== '/') return response.writeHead(404).end('not found\n');
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(
      `<!doctype html><meta http-equiv="refresh" content="1"><title>${name}</title><h1>${name}</h1><pre>${JSON.stringify(counters(), null, 2)}</pre>\n`,
    );
  });
  server.listen(port, '0.0.0.0');
  process.on('SIGTERM', () => process.exit(0));
}
