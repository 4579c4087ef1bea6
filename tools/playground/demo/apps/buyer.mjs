// bookbuyer and bookthief: the same program. It buys books in a loop, and its page on port 14001 says how many from which store.
// The thief sends the same headers as the buyer: only its identity tells them apart. It also tries to take books from the warehouse.
import { setTimeout as pause } from 'node:timers/promises';
import { servePage } from './page.mjs';
import { send } from './send.mjs';

const store = process.env.BOOKSTORE ?? 'http://bookstore.bookstore:14001';
const warehouse = process.env.WAREHOUSE;
const headers = { 'client-app': 'bookbuyer', 'user-agent': 'demo-http-client/1.1' };
const counters = { bought: {}, refused: 0, stolen: 0, last: {} };

servePage(14001, () => counters);

for (;;) {
  await send('GET', `${store}/books-bought`, { headers });
  const answer = await send('GET', `${store}/buy-a-book/new`, { headers });
  counters.last.bookstore = answer.word;
  if (answer.status === 200) {
    const version = answer.headers.identity ?? 'unknown';
    counters.bought[version] = (counters.bought[version] ?? 0) + 1;
  } else counters.refused++;
  if (warehouse !== undefined) {
    const loot = await send('POST', `${warehouse}/restock-books`, { headers });
    counters.last.bookwarehouse = loot.word;
    if (loot.status === 200) counters.stolen++;
  }
  await pause(250);
}
