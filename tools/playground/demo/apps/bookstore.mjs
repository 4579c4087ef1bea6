// bookstore: sells books and has each restocked by the warehouse. The header `identity` says which version answers.
import { servePage } from './page.mjs';
import { send } from './send.mjs';

const identity = process.env.IDENTITY ?? 'bookstore';
const warehouse = process.env.WAREHOUSE ?? 'http://bookwarehouse.bookwarehouse:14001';
const counters = { sold: 0, restocked: 0, last: {} };

servePage(14001, () => counters, {
  'GET /books-bought': (_request, response) => {
    response
      .setHeader('identity', identity)
      .setHeader('booksbought', counters.sold)
      .end(`${counters.sold}\n`);
  },
  'GET /buy-a-book/new': async (_request, response) => {
    counters.sold++;
    response
      .setHeader('identity', identity)
      .setHeader('booksbought', counters.sold)
      .end('a book\n');
    const restocked = await send('POST', `${warehouse}/restock-books`, {
      headers: { 'bookstore-version': identity },
    });
    counters.last.bookwarehouse = restocked.word;
    if (restocked.status === 200) counters.restocked++;
  },
});
