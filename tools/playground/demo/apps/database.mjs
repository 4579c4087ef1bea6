// database: a TCP server that speaks first, as MySQL does: a greeting, then "store" -> "stored N".
import net from 'node:net';

let books = 0;
net
  .createServer((socket) => {
    let rest = '';
    socket.setEncoding('utf8');
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      rest += chunk;
      for (let at; (at = rest.indexOf('\n')) >= 0; rest = rest.slice(at + 1)) {
        socket.write(rest.slice(0, at).trim() === 'store' ? `stored ${++books}\n` : 'what?\n');
      }
    });
    socket.write('220 bookdb ready\n');
  })
  .listen(3306, '0.0.0.0');
process.on('SIGTERM', () => process.exit(0));
