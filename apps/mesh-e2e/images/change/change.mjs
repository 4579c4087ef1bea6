// Programs of change-under-load.spec.ts. Each prints JSON lines; times are milliseconds of the machine's clock.
//   change.mjs serve NAME               HTTP on 8080 and echo on 9000, both answer with the name; requests by the service pool:
//                                       {"byPool":[at,...]}
//   change.mjs call PER_SECOND HOST...  HTTP on kept and on new connections; HOST@IP dials an address: {"failed":why}, {"sent":n}
//   change.mjs talk HOST                TCP on connections that stay open and on short ones, and an HTTP answer that never ends:
//                                       {"failed":why}, {"sent":n}
//   change.mjs visit URL...             each URL every 20 ms, on kept connections: {"url":u,"calls":[[start,end,outcome],...]}
//   change.mjs hold HOST COUNT          opens connections, says which server answers and when they close: {"closed":name,"at":ms};
//                                       beside that a new connection every 20 ms: {"dials":[[start,end,outcome],...]}
//   change.mjs edit PLAN                makes the edits of a plan in time: {"edit":index,"at":ms}; and says when the machine had no time for it:
//                                       {"stall":[from,to]}, {"busy":[from,to]}
import http from 'node:http';
import net from 'node:net';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [mode, ...args] = process.argv.slice(2);
process.on('SIGTERM', () => process.exit(0));
const say = (line) => console.log(JSON.stringify(line));
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Collects values and prints them a few times a second under a name. */
function batch(name, rest = {}) {
  let values = [];
  setInterval(() => {
    if (values.length > 0) say({ ...rest, [name]: values });
    values = [];
  }, 200);
  return (value) => values.push(value);
}

function request(options, agent) {
  return new Promise((resolve) => {
    const call = http.get({ ...options, agent, timeout: 5000 }, (response) => {
      response.resume();
      response.on('end', () => resolve(String(response.statusCode)));
      response.on('error', (error) => resolve(error.code ?? 'error'));
    });
    call.on('timeout', () => call.destroy(new Error('timeout')));
    call.on('error', (error) => resolve(error.code ?? error.message));
  });
}

/** Sends a line and resolves with the answer's, or with what went wrong. */
function ask(socket, text) {
  return new Promise((resolve) => {
    const end = (outcome) => {
      clearTimeout(timer);
      socket.off('data', onData).off('error', onError).off('close', onClose);
      resolve(outcome);
    };
    const onData = (data) => end(data.toString().trim());
    const onError = (error) => end(error.code ?? 'error');
    const onClose = () => end('closed');
    const timer = setTimeout(() => end('timeout'), 5000);
    socket.on('data', onData).on('error', onError).on('close', onClose);
    socket.write(text);
  });
}

async function dial(host) {
  const socket = net.connect({ host, port: 9000 });
  const outcome = await ask(socket, 'hello\n');
  return { socket, outcome };
}

/** Dials until the answer is good: servers may still be starting. */
async function dialUntil(host, isGood) {
  for (;;) {
    const { socket, outcome } = await dial(host);
    if (isGood(outcome)) return socket;
    socket.destroy();
    await sleep(100);
  }
}

function serve(name) {
  const byPool = batch('byPool');
  http
    .createServer((request, response) => {
      if (request.headers.host === 'pool.load') byPool(Date.now());
      if (request.url === '/stream') return drip(response);
      response.end(name);
    })
    .listen(8080);
  net
    .createServer((socket) => {
      socket.on('data', () => socket.write(`${name}\n`)).on('error', () => undefined);
    })
    .listen(9000);
}

/** An answer that never ends. */
function drip(response) {
  const timer = setInterval(() => response.write('.'), 100);
  response.on('close', () => clearInterval(timer));
}

function call(perSecond, hosts) {
  const kept = new http.Agent({ keepAlive: true, maxSockets: 8 });
  const sent = counter();
  let turn = 0;
  setInterval(() => {
    const [host, address] = hosts[turn % hosts.length].split('@');
    // One in five on a connection of its own.
    const agent = Math.floor(turn++ / hosts.length) % 5 === 0 ? false : kept;
    const options = { host: address ?? host, path: '/', headers: { host } };
    const at = Date.now();
    void request(options, agent).then((outcome) => {
      sent();
      if (outcome !== '200') say({ at, failed: `${host}: ${outcome}` });
    });
  }, 1000 / perSecond);
}

function counter() {
  let count = 0;
  setInterval(() => {
    say({ sent: count });
    count = 0;
  }, 250);
  return () => count++;
}

async function talk(host) {
  const sent = counter();
  const check = (at, what, outcome) => {
    sent();
    if (outcome !== 'steady') say({ at, failed: `${what}: ${outcome}` });
    return outcome === 'steady';
  };
  const keep = async (id) => {
    const socket = await dialUntil(host, (outcome) => outcome === 'steady');
    socket.on('error', () => undefined);
    for (let good = true; good;) {
      await sleep(50);
      const at = Date.now();
      good = check(at, `kept ${id}`, await ask(socket, 'still there\n'));
    }
  };
  for (let id = 0; id < 4; id++) void keep(id);
  const stream = () =>
    http
      .get({ host, path: '/stream' }, (response) => {
        response.on('data', sent).on('error', () => undefined);
        response.on('close', () => {
          say({ at: Date.now(), failed: 'stream: closed' });
          setTimeout(stream, 100);
        });
      })
      .on('error', () => setTimeout(stream, 100));
  stream();
  setInterval(() => {
    const at = Date.now();
    void dial(host).then(({ socket, outcome }) => {
      check(at, 'new', outcome);
      socket.destroy();
    });
  }, 200);
}

function visit(urls) {
  for (const url of urls) {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 2 });
    const calls = batch('calls', { url });
    const { hostname, pathname } = new URL(url);
    setInterval(() => {
      const start = Date.now();
      void request({ host: hostname, path: pathname }, agent).then((outcome) =>
        calls([start, Date.now(), outcome]),
      );
    }, 20);
  }
}

async function hold(host, count) {
  for (let id = 0; id < Number(count); id++) {
    let server = '';
    const socket = await dialUntil(host, (outcome) => (server = outcome).startsWith('pool-'));
    say({ opened: server, id });
    const beat = setInterval(() => socket.write('beat\n'), 100);
    socket.on('error', () => undefined);
    socket.on('data', () => undefined);
    socket.on('close', () => {
      clearInterval(beat);
      say({ closed: server, id, at: Date.now() });
    });
  }
  const dials = batch('dials');
  setInterval(() => {
    const start = Date.now();
    void dial(host).then(({ socket, outcome }) => {
      dials([start, Date.now(), outcome]);
      socket.destroy();
    });
  }, 20);
}

async function edit(planFile) {
  const { directory, staging, intervalMs, edits } = JSON.parse(readFileSync(planFile, 'utf8'));
  watchStalls();
  const startedAt = performance.now();
  for (const [index, { file, text }] of edits.entries()) {
    const pause = startedAt + index * intervalMs - performance.now();
    if (pause > 0) await sleep(pause);
    const path = join(directory, file);
    if (text !== undefined) writeFileSync(join(staging, file), text);
    const at = Date.now();
    if (text === undefined) rmSync(path, { force: true });
    else renameSync(join(staging, file), path);
    say({ edit: index, at });
  }
  process.exit(0);
}

/**
 * Wants two milliseconds of a processor, forty times a second: whatever it has to wait for them is a stall. And reads for how long other
 * processes had to wait, which with many of them is longer.
 */
function watchStalls() {
  let last = { at: Date.now(), waitedMs: waitedMs() };
  setInterval(() => {
    const from = performance.now();
    const before = process.cpuUsage();
    const used = () => {
      const { user, system } = process.cpuUsage(before);
      return user + system;
    };
    while (used() < 2000);
    const lost = performance.now() - from - 2;
    const now = { at: Date.now(), waitedMs: waitedMs() };
    if (lost > 2) say({ stall: [now.at - Math.round(lost), now.at] });
    if (now.at - last.at < 100) return;
    const isBusy = now.waitedMs - last.waitedMs > 0.8 * (now.at - last.at);
    if (isBusy) say({ busy: [last.at, now.at] });
    last = now;
  }, 25);
}

/** Time during which at least one process of the machine wanted a processor and had none, as the kernel counts it. */
function waitedMs() {
  try {
    const [some = ''] = readFileSync('/proc/pressure/cpu', 'utf8').split('\n');
    return Number(/total=(\d+)/.exec(some)?.[1] ?? 0) / 1000;
  } catch {
    // A kernel that does not count it: the probe alone tells.
    return 0;
  }
}

if (mode === 'serve') serve(args[0]);
else if (mode === 'call') call(Number(args[0]), args.slice(1));
else if (mode === 'talk') void talk(args[0]);
else if (mode === 'visit') visit(args);
else if (mode === 'hold') void hold(args[0], args[1]);
else if (mode === 'edit') void edit(args[0]);
else throw new Error(`unknown mode ${mode}`);
