// A gRPC program, with or without xDS of its own.
//
//   server xds|plain PORT            answers test.Books/Buy and /Browse with the pod's name
//   client xds|plain HOST:PORT/METHOD...  calls each all the time; says a JSON line when an outcome changes, and a few times a second
//                                    how many calls it has made and who has answered since
//   stranger - HOST:PORT...          knocks without a certificate, by plain text and by TLS
import net from 'node:net';
import { hostname } from 'node:os';
import tls from 'node:tls';
import * as grpc from '@grpc/grpc-js';
import * as xds from '@grpc/grpc-js-xds';

xds.register();
const [mode, kind, ...rest] = process.argv.slice(2);
const json = {
  serialize: (value) => Buffer.from(JSON.stringify(value)),
  deserialize: (bytes) => JSON.parse(bytes.toString()),
};
const method = (name) => ({
  path: `/test.Books/${name}`,
  requestStream: false,
  responseStream: false,
  requestSerialize: json.serialize,
  requestDeserialize: json.deserialize,
  responseSerialize: json.serialize,
  responseDeserialize: json.deserialize,
});
const say = (line) => process.stdout.write(`${JSON.stringify({ at: Date.now(), ...line })}\n`);

if (mode === 'server') {
  const isXds = kind === 'xds';
  const server = isXds ? new xds.XdsServer() : new grpc.Server();
  const answer = (call, done) => done(null, { by: hostname() });
  server.addService(
    { Buy: method('Buy'), Browse: method('Browse') },
    { Buy: answer, Browse: answer },
  );
  const insecure = grpc.ServerCredentials.createInsecure();
  const credentials = isXds ? new xds.XdsServerCredentials(insecure) : insecure;
  server.bindAsync(`0.0.0.0:${rest[0]}`, credentials, (error) => say({ serving: error === null }));
  process.on('SIGTERM', () => server.tryShutdown(() => process.exit(0)));
} else if (mode === 'client') {
  const insecure = grpc.credentials.createInsecure();
  for (const call of rest) void callAllTheTime(call);

  async function callAllTheTime(call) {
    const [target, name] = call.split('/');
    const options = { 'grpc.max_reconnect_backoff_ms': 1000 };
    const client =
      kind === 'xds'
        ? new grpc.Client(`xds:///${target}`, new xds.XdsChannelCredentials(insecure), options)
        : new grpc.Client(target, insecure, options);
    const { path } = method(name);
    let last;
    let calls = 0;
    let by = new Set();
    setInterval(() => {
      say({ call, calls, by: [...by] });
      by = new Set();
    }, 300);
    for (;;) {
      const outcome = await new Promise((resolve) =>
        client.makeUnaryRequest(
          path,
          json.serialize,
          json.deserialize,
          {},
          { deadline: Date.now() + 5000 },
          (error, reply) => {
            if (reply) by.add(reply.by);
            resolve(error ? `${grpc.status[error.code]}: ${error.details}` : 'OK');
          },
        ),
      );
      calls++;
      if (outcome !== last) say({ call, outcome });
      last = outcome;
      await pause(25);
    }
  }
} else {
  // stranger PLACE...: no certificate, by plain text and by TLS.
  const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00';
  for (const place of rest) {
    const [host, port] = place.split(':');
    void knock(
      `plain ${place}`,
      () => net.connect({ host, port }),
      (bytes) => bytes[0] !== 0x15,
    );
    const options = { host, port, rejectUnauthorized: false, ALPNProtocols: ['h2'] };
    // Settings of a server come even before it has seen a certificate; an acknowledgement of ours does not.
    void knock(
      `tls ${place}`,
      () => tls.connect(options),
      (bytes) => isAcknowledged(bytes),
    );
  }

  async function knock(call, connect, isAnswer) {
    for (let last; ; await pause(200)) {
      const outcome = await new Promise((resolve) => {
        let bytes = Buffer.alloc(0);
        const socket = connect();
        socket.on('connect', () => socket.write(preface));
        socket.on('data', (more) => {
          bytes = Buffer.concat([bytes, more]);
          if (isAnswer(bytes)) resolve('served');
        });
        socket.on('error', (error) =>
          resolve(error.code === 'ECONNREFUSED' ? 'absent' : 'refused'),
        );
        socket.on('close', () => resolve('refused'));
        socket.setTimeout(2000, () => resolve('silence'));
      });
      if (outcome !== last) say({ call, outcome });
      last = outcome;
    }
  }

  function isAcknowledged(bytes) {
    for (let at = 0; at + 9 <= bytes.length; at += 9 + bytes.readUIntBE(at, 3))
      if (bytes[at + 3] === 4 && (bytes[at + 4] & 1) === 1) return true;
    return false;
  }
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
