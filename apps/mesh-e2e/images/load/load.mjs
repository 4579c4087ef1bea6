// Test programs of the end-to-end tests.
//   load.mjs serve NAME PORT             answers 200 with its name
//   load.mjs call PER_SECOND URL...      sends requests at a steady rate, in turn to each URL, and prints a line a second:
//                                        {"at":<ms>,"sent":n,"ok":n,"statuses":{"200":n,...},"errors":[...]}
//   load.mjs probe INTERVAL_MS URL       prints a line whenever the outcome changes: {"at":<ms>,"outcome":"200"}
import http from 'node:http';

const [mode, ...args] = process.argv.slice(2);
process.on('SIGTERM', () => process.exit(0));

function request(url, agent) {
  return new Promise((resolve) => {
    const call = http.get(url, { agent, timeout: 5000 }, (response) => {
      response.resume();
      response.on('end', () => resolve(String(response.statusCode)));
      response.on('error', (error) => resolve(error.code ?? 'error'));
    });
    call.on('timeout', () => call.destroy(new Error('timeout')));
    call.on('error', (error) => resolve(error.code ?? error.message));
  });
}

function serve(name, port) {
  http.createServer((_, response) => response.end(`${name}\n`)).listen(Number(port), '0.0.0.0');
}

function call(perSecond, urls) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
  let turn = 0;
  let second = { sent: 0, ok: 0, statuses: {} };
  setInterval(
    () => {
      second.sent++;
      const now = second;
      void request(urls[turn++ % urls.length], agent).then((outcome) => {
        if (outcome === '200') now.ok++;
        now.statuses[outcome] = (now.statuses[outcome] ?? 0) + 1;
        if (outcome !== '200') console.log(JSON.stringify({ at: Date.now(), failed: outcome }));
      });
    },
    1000 / Number(perSecond),
  );
  setInterval(() => {
    console.log(JSON.stringify({ at: Date.now(), sent: second.sent }));
    second = { sent: 0, ok: 0, statuses: {} };
  }, 1000);
}

async function probe(intervalMs, url) {
  let last = '';
  for (;;) {
    const outcome = await request(url, false);
    if (outcome !== last) console.log(JSON.stringify({ at: Date.now(), outcome }));
    last = outcome;
    await new Promise((resolve) => setTimeout(resolve, Number(intervalMs)));
  }
}

if (mode === 'serve') serve(...args);
else if (mode === 'call') call(args[0], args.slice(1));
else if (mode === 'probe') void probe(...args);
else throw new Error(`unknown mode ${mode}`);
