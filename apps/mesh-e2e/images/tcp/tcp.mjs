// Servers for the end-to-end tests of what is not HTTP. Arguments are KIND:PORT; all answers begin with the pod's host name.
//   echo    answers each line with "HOST: line"
//   greet   the same, and speaks first: "220 HOST ready"
//   http    answers with the host name; GET /ready with 503 after GET /down, with 200 again after GET /up
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';

process.on('SIGTERM', () => process.exit(0));
const host = os.hostname();
let ready = true;

function lines(port, greeting) {
  net
    .createServer((socket) => {
      let rest = '';
      socket.on('error', () => undefined);
      if (greeting) socket.write(`220 ${host} ready\n`);
      socket.on('data', (data) => {
        rest += data;
        for (let at; (at = rest.indexOf('\n')) >= 0; rest = rest.slice(at + 1)) {
          socket.write(`${host}: ${rest.slice(0, at)}\n`);
        }
      });
    })
    .listen(port, '0.0.0.0');
}

function web(port) {
  http
    .createServer(({ url }, response) => {
      if (url === '/down') ready = false;
      if (url === '/up') ready = true;
      response.statusCode = url === '/ready' && !ready ? 503 : 200;
      response.end(host);
    })
    .listen(port, '0.0.0.0');
}

for (const word of process.argv.slice(2)) {
  const [kind, port] = word.split(':');
  if (kind === 'http') web(Number(port));
  else lines(Number(port), kind === 'greet');
}
setInterval(() => undefined, 1 << 30);
