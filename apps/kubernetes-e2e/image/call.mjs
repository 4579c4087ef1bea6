// call.mjs REQUESTS: sends requests, given as a JSON list, and prints a list of {words, by, text}: how often what came, which pods
// answered, and the last text. A request has the fields of request.mjs and
//   count      how often (1), one after the other
//   keepAlive  over one connection (false: each over one of its own)
import http from 'node:http';
import { sendHttp, sendTcp } from './request.mjs';

const results = [];
for (const request of JSON.parse(process.argv[2])) {
  const agent = request.keepAlive ? new http.Agent({ keepAlive: true, maxSockets: 1 }) : false;
  const result = { words: {}, by: {}, text: '' };
  for (let i = 0; i < (request.count ?? 1); i++) {
    const { word, by, text } = request.tcp
      ? await sendTcp(request)
      : await sendHttp(request, agent);
    result.words[word] = (result.words[word] ?? 0) + 1;
    if (by !== undefined) result.by[by] = (result.by[by] ?? 0) + 1;
    result.text = text ?? word;
  }
  results.push(result);
}
process.stdout.write(`${JSON.stringify(results)}\n`, () => process.exit(0));
