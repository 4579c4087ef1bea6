// bookwarehouse: restocks books and writes each into the database, over one TCP connection that it keeps.
import net from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { servePage } from './page.mjs';

const [host, port] = (process.env.DATABASE ?? 'database.bookwarehouse:3306').split(':');
const counters = { restocked: 0, stored: 0, greeting: '', last: {} };
const waiting = [];
let connection;

servePage(14001, () => counters, {
  'POST /restock-books': async (_request, response) => {
    const stored = await store();
    if (stored) counters.restocked++;
    response.writeHead(stored ? 200 : 503).end(stored ? 'restocked\n' : 'no database\n');
  },
});

connect();

function connect() {
  let rest = '';
  const socket = net.connect(Number(port), host);
  socket.setEncoding('utf8');
  socket.on('error', (error) => (counters.last.database = error.code));
  socket.on('data', (chunk) => {
    rest += chunk;
    for (let at; (at = rest.indexOf('\n')) >= 0; rest = rest.slice(at + 1))
      onLine(rest.slice(0, at).trim(), socket);
  });
  socket.on('close', async () => {
    connection = undefined;
    for (const answer of waiting.splice(0)) answer(false);
    await pause(300);
    connect();
  });
}

// The database speaks first: nothing may be sent before its greeting.
function onLine(line, socket) {
  if (line.startsWith('220 ')) {
    counters.greeting = line;
    counters.last.database = 'connected';
    connection = socket;
    return;
  }
  const match = /^stored (\d+)$/.exec(line);
  if (match) counters.stored = Number(match[1]);
  waiting.shift()?.(match !== null);
}

function store() {
  return new Promise((resolve) => {
    if (connection === undefined) return resolve(false);
    waiting.push(resolve);
    connection.write('store\n');
  });
}
