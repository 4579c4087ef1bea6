// load.mjs PORT PER_SECOND keep|fresh URL...: requests at a steady rate, in turn to each URL, over a few kept connections or each over
// a new one. GET http://127.0.0.1:PORT/ tells {sent, answered, words: {"200": n, "reset": n...}, by: {pod: n}, bad: [{at, word}...]};
// POST / begins to count anew.
import http from 'node:http';
import { sendHttp } from './request.mjs';

const [port, perSecond, connections, ...urls] = process.argv.slice(2);
const agent = connections === 'keep' ? new http.Agent({ keepAlive: true, maxSockets: 8 }) : false;
const nothing = () => ({ sent: 0, answered: 0, words: {}, by: {}, bad: [] });
const badMax = 50;
let counts = nothing();
let turn = 0;

setInterval(
  () => {
    const current = counts;
    current.sent++;
    void sendHttp({ url: urls[turn++ % urls.length], limitMs: 10_000 }, agent).then(
      ({ word, by }) => {
        current.answered++;
        current.words[word] = (current.words[word] ?? 0) + 1;
        if (by !== undefined) current.by[by] = (current.by[by] ?? 0) + 1;
        if (word !== '200' && current.bad.length < badMax)
          current.bad.push({ at: Date.now(), word });
      },
    );
  },
  1000 / Number(perSecond),
);

http
  .createServer((request, response) => {
    if (request.method === 'POST') counts = nothing();
    response.end(`${JSON.stringify(counts)}\n`);
  })
  .listen(Number(port), '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
