// One request over HTTP or TCP. Never fails: `word` says what became of it.
import http from 'node:http';
import net from 'node:net';

const words = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  ENOTFOUND: 'no such name',
  EAI_AGAIN: 'no such name',
  ETIMEDOUT: 'timeout',
};
const wordOf = (error) => words[error.code] ?? error.code ?? error.message;

/** {url, method?, headers?, limitMs?}: `word` is the status, else refused, reset, timeout...; `by` the pod that answered. */
export function sendHttp({ url, method = 'GET', headers, limitMs = 5000 }, agent = false) {
  return new Promise((resolve) => {
    const failed = (error) => resolve({ word: wordOf(error) });
    const request = http.request(url, { method, headers, agent, timeout: limitMs }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => (body += chunk));
      response.on('error', failed);
      response.on('end', () =>
        resolve({
          word: String(response.statusCode),
          by: response.headers['x-pod'],
          text: body.slice(0, 8000),
        }),
      );
    });
    request.on('timeout', () =>
      request.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })),
    );
    request.on('error', failed);
    request.end();
  });
}

/** {tcp: "host:port", send?, limitMs?}: `word` is the first line that came, else refused, reset, closed, timeout. */
export function sendTcp({ tcp, send, limitMs = 5000 }) {
  return new Promise((resolve) => {
    const [host, port] = tcp.split(':');
    const socket = net.connect(Number(port), host);
    let text = '';
    const end = (word) => {
      socket.destroy();
      resolve({ word });
    };
    socket.setEncoding('utf8');
    socket.setTimeout(limitMs, () => end('timeout'));
    socket.on('connect', () => send !== undefined && socket.write(`${send}\n`));
    socket.on('data', (chunk) => {
      text += chunk;
      if (text.includes('\n')) end(text.slice(0, text.indexOf('\n')).trim());
    });
    socket.on('error', (error) => end(wordOf(error)));
    socket.on('end', () => end('closed'));
  });
}
