// One HTTP request on a connection of its own. Never fails: `word` is the status, or what happened instead (refused, reset, timeout).
import http from 'node:http';

const words = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  ENOTFOUND: 'no such name',
  ETIMEDOUT: 'timeout',
  TIMEOUT: 'timeout',
};

/** @param {{ headers?: Record<string, string>, agent?: import('node:http').Agent }} [options] */
export function send(method, url, options = {}) {
  return new Promise((resolve) => {
    const failed = (error) =>
      resolve({
        status: 0,
        word: words[error.code] ?? error.code ?? error.message,
        headers: {},
        body: '',
      });
    const request = http.request(
      url,
      { method, headers: options.headers, agent: options.agent ?? false, timeout: 3000 },
      (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk) => (body += chunk));
        response.on('error', failed);
        response.on('end', () =>
          resolve({
            status: response.statusCode,
            word: String(response.statusCode),
            headers: response.headers,
            body,
          }),
        );
      },
    );
    request.on('timeout', () =>
      request.destroy(Object.assign(new Error('timeout'), { code: 'TIMEOUT' })),
    );
    request.on('error', failed);
    request.end();
  });
}
