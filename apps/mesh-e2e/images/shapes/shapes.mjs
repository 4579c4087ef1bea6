// Test program of the workload shapes: servers of many kinds, and an agent that plays the client.
//   shapes.mjs NAME KIND:PORT...     KIND = http | bound | h2c | grpc | https | hasty | old
// The agent listens on 127.0.0.1:7777, inside the pod only: GET /ACT?JSON does something as this pod and answers what came of it.
import http from 'node:http';
import { acts } from './acts.mjs';
import { servers } from './servers.mjs';

const [name, ...kinds] = process.argv.slice(2);
process.on('SIGTERM', () => process.exit(0));

for (const text of kinds) {
  const [kind, port] = text.split(':');
  servers[kind](name, Number(port));
}

http
  .createServer({ maxHeaderSize: 1 << 20 }, (request, response) => {
    const [path, query] = request.url.split('?');
    const answer = (status, value) => {
      response.statusCode = status;
      response.end(JSON.stringify(value));
    };
    Promise.resolve()
      .then(() => acts[path.slice(1)](JSON.parse(decodeURIComponent(query))))
      .then(
        (value) => answer(200, value),
        (error) => answer(500, `${path}: ${error.stack}`),
      );
  })
  .listen(7777, '127.0.0.1');
