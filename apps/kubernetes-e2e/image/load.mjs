// load.mjs PORT PER_SECOND keep|fresh URL...: requests at a steady rate, in turn to each URL, over a few kept connections or each over
// a new one. GET http://127.0.0.1:PORT/ tells what became of them (`nothing` below); POST / begins to count anew, POST /stop sends no more.
import http from 'node:http';
import { sendHttp } from './request.mjs';

const [port, perSecond, connections, ...urls] = process.argv.slice(2);
const agent = connections === 'keep' ? new http.Agent({ keepAlive: true, maxSockets: 8 }) : false;
const nothing = () => ({
  sent: 0,
  answered: 0,
  words: {}, // {"200": n, "reset": n...}
  by: {}, // {pod: n}
  last: {}, // {pod: when the last request that it answered was sent, in ms}
  seconds: {}, // {second of sending: {"200": n...}}
  bad: [], // [{at, word, text}...], the first ones
});
const badMax = 50;
const secondsMax = 600;
let counts = nothing();
let turn = 0;
let stopped = false;

setInterval(
  () => {
    if (stopped) return;
    const current = counts;
    const at = Date.now();
    current.sent++;
    const url = urls[turn++ % urls.length];
    void sendHttp({ url, limitMs: 10_000 }, agent).then((result) => note(current, at, result));
  },
  1000 / Number(perSecond),
);

function note(current, at, { word, by, text }) {
  current.answered++;
  count(current.words, word);
  const second = Math.floor(at / 1000);
  if (second in current.seconds || Object.keys(current.seconds).length < secondsMax)
    count((current.seconds[second] ??= {}), word);
  if (by !== undefined) {
    count(current.by, by);
    current.last[by] = Math.max(current.last[by] ?? 0, at);
  }
  if (word !== '200' && current.bad.length < badMax)
    current.bad.push({ at, word, text: text?.slice(0, 200) });
}

function count(into, key) {
  into[key] = (into[key] ?? 0) + 1;
}

http
  .createServer((request, response) => {
    if (request.method === 'POST') {
      stopped = request.url === '/stop';
      if (!stopped) counts = nothing();
    }
    response.end(`${JSON.stringify(counts)}\n`);
  })
  .listen(Number(port), '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
