// The programs of the data-plane benchmark's pods.
//   load.mjs idle         does nothing
//   load.mjs serve        answers every request on 8080 with 1 kB
//   load.mjs client       measures when asked to, on the loopback's 9900:
//     /measure?host=H&rate=N&seconds=S   requests that are due at fixed times, whether earlier ones are answered or not
//     /saturate?host=H&seconds=S         as many requests as go over a fixed number of connections
// Plain sockets and no HTTP library: a request costs the program a few microseconds.
import { createServer } from 'node:http';
import { connect, createServer as createTcpServer } from 'node:net';

const [mode] = process.argv.slice(2);
process.on('SIGTERM', () => process.exit(0));

const bodyBytes = 1024;
const connectionsMeasure = 16;
const connectionsSaturate = 32;
/** Timers of the runtime fire up to a millisecond late; what is late beyond that counts as the answer's. */
const grainMs = 1;
const warmupMs = 1000;
/** Answers may come so long after the last request. */
const lateMsMax = 10_000;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function serve() {
  const answer = Buffer.from(
    `HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: ${bodyBytes}\r\n\r\n${'x'.repeat(bodyBytes)}`,
  );
  createTcpServer((socket) => {
    socket.setNoDelay(true);
    let rest = '';
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      const parts = (rest + chunk.toString('latin1')).split('\r\n\r\n');
      rest = parts.pop() ?? '';
      for (let i = 0; i < parts.length; i++) socket.write(answer);
    });
  }).listen(8080);
}

/** Connections that take one request at a time. */
function createConnections(host, count) {
  const question = Buffer.from(`GET / HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
  const idle = [];
  const waiting = [];
  const all = new Set();
  let errors = 0;
  const free = (connection) => {
    const next = waiting.shift();
    if (next === undefined) idle.push(connection);
    else start(connection, next);
  };
  const start = (connection, done) => {
    connection.done = done;
    connection.socket.write(question);
  };
  const open = () => {
    const socket = connect({ host, port: 80, noDelay: true });
    const connection = { socket, done: undefined, missing: -1, head: '' };
    all.add(connection);
    socket.on('connect', () => free(connection));
    socket.on('data', (chunk) => {
      if (!readAnswer(connection, chunk)) return;
      const { done } = connection;
      connection.done = undefined;
      free(connection);
      done?.();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (!all.delete(connection)) return;
      const index = idle.indexOf(connection);
      if (index >= 0) idle.splice(index, 1);
      if (connection.done !== undefined) errors++;
      setTimeout(open, 10);
    });
  };
  for (let i = 0; i < count; i++) open();
  return {
    send: (done) => {
      const connection = idle.shift();
      if (connection === undefined) waiting.push(done);
      else start(connection, done);
    },
    errors: () => errors,
    close: () => {
      const open = [...all];
      all.clear();
      for (const { socket } of open) socket.destroy();
    },
  };
}

/** True when the answer is complete. */
function readAnswer(connection, chunk) {
  if (connection.missing < 0) {
    connection.head += chunk.toString('latin1');
    const end = connection.head.indexOf('\r\n\r\n');
    if (end < 0) return false;
    if (!connection.head.startsWith('HTTP/1.1 200')) {
      connection.head = '';
      connection.socket.destroy();
      return false;
    }
    const length = Number(/content-length: (\d+)/i.exec(connection.head)?.[1] ?? 0);
    connection.missing = length - (connection.head.length - end - 4);
    connection.head = '';
  } else connection.missing -= chunk.length;
  if (connection.missing > 0) return false;
  connection.missing = -1;
  return true;
}

/** Microseconds of each answer, from the moment it was due. */
async function measure({ host, rate, seconds }) {
  const connections = createConnections(host, connectionsMeasure);
  const latencies = [];
  const total = rate * seconds + (rate * warmupMs) / 1000;
  const startedAt = performance.now() + 200;
  let sent = 0;
  let answered = 0;
  await new Promise((resolve) => {
    const send = (due) => {
      const now = performance.now();
      const from = Math.min(now, due + grainMs);
      connections.send(() => {
        answered++;
        if (due >= startedAt + warmupMs)
          latencies.push(Math.round((performance.now() - from) * 1000));
      });
    };
    const tick = () => {
      const now = performance.now();
      for (;;) {
        const due = startedAt + (sent * 1000) / rate;
        if (sent >= total) return resolve();
        if (due > now) return setTimeout(tick, due - now);
        sent++;
        send(due);
      }
    };
    tick();
  });
  const deadline = performance.now() + lateMsMax;
  while (answered + connections.errors() < sent && performance.now() < deadline) await sleep(20);
  connections.close();
  return { sent, answered, errors: connections.errors(), latencies };
}

async function saturate({ host, seconds }) {
  const connections = createConnections(host, connectionsSaturate);
  let answered = 0;
  let isOver = false;
  const again = () => {
    answered++;
    if (!isOver) connections.send(again);
  };
  const startedAt = performance.now();
  for (let i = 0; i < connectionsSaturate; i++) connections.send(again);
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const result = { answered, errors: connections.errors(), ms: performance.now() - startedAt };
  isOver = true;
  connections.close();
  return result;
}

function client() {
  createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://client');
    const host = url.searchParams.get('host') ?? '';
    const number = (name) => Number(url.searchParams.get(name));
    const seconds = number('seconds');
    const work =
      url.pathname === '/measure'
        ? measure({ host, seconds, rate: number('rate') })
        : saturate({ host, seconds });
    void work.then((result) => response.end(JSON.stringify(result)));
  }).listen(9900, '127.0.0.1');
}

if (mode === 'idle') setInterval(() => undefined, 1e6);
else if (mode === 'serve') serve();
else if (mode === 'client') client();
else throw new Error(`unknown mode ${String(mode)}`);
