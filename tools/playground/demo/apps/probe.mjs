// node probe.mjs METHOD URL COUNT [HEADER: VALUE]...: sends requests one after the other and prints how often what was answered, and by
// whom, as JSON. Without arguments it idles: a pod to send from.
import http from 'node:http';
import { send } from './send.mjs';

const [method, url, count, ...more] = process.argv.slice(2);
if (count === undefined) {
  process.on('SIGTERM', () => process.exit(0));
  setInterval(() => undefined, 1 << 30);
} else {
  const own = more.map((header) => [
    header.slice(0, header.indexOf(':')),
    header.slice(header.indexOf(':') + 1).trim(),
  ]);
  const headers = {
    'client-app': 'bookbuyer',
    'user-agent': 'demo-http-client/1.1',
    ...Object.fromEntries(own),
  };
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const result = { words: {}, by: {} };
  for (let i = 0; i < Number(count); i++) {
    const answer = await send(method, url, { headers, agent });
    result.words[answer.word] = (result.words[answer.word] ?? 0) + 1;
    const by = answer.headers.identity;
    if (by !== undefined) result.by[by] = (result.by[by] ?? 0) + 1;
  }
  process.stdout.write(`${JSON.stringify(result)}\n`);
  process.exit(0);
}
