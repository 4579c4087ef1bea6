import grpc from '@grpc/grpc-js';

// A service without proto files: messages are JSON texts.

const method = (name, requestStream, responseStream) => ({
  path: `/shapes.Echo/${name}`,
  requestStream,
  responseStream,
  requestSerialize: (value) => Buffer.from(JSON.stringify(value)),
  requestDeserialize: (bytes) => JSON.parse(bytes.toString()),
  responseSerialize: (value) => Buffer.from(JSON.stringify(value)),
  responseDeserialize: (bytes) => JSON.parse(bytes.toString()),
});

const definition = {
  unary: method('Unary', false, false),
  collect: method('Collect', true, false),
  count: method('Count', false, true),
  chat: method('Chat', true, true),
  cancelled: method('Cancelled', false, false),
};

export function serveGrpc(name, port) {
  let cancelled = 0;
  const server = new grpc.Server();
  server.addService(definition, {
    unary(call, answer) {
      if (call.request.wait !== undefined) {
        call.on('cancelled', () => cancelled++);
        setTimeout(() => answer(null, { by: name }), call.request.wait);
        return;
      }
      const metadata = new grpc.Metadata();
      metadata.set('x-trailer', 'from the end');
      if (call.request.fail)
        answer({ code: grpc.status.FAILED_PRECONDITION, details: 'as asked', metadata });
      else answer(null, { by: name, said: call.request.say }, metadata);
    },
    collect(call, answer) {
      const said = [];
      call.on('data', ({ say }) => said.push(say));
      call.on('end', () => answer(null, { by: name, said }));
    },
    count(call) {
      call.on('cancelled', () => cancelled++);
      let n = 0;
      const next = () => {
        if (call.cancelled) return;
        call.write({ n: ++n });
        if (n === call.request.to) call.end();
        else setTimeout(next, call.request.gap ?? 0);
      };
      next();
    },
    chat(call) {
      call.on('data', ({ say }) => call.write({ said: say }));
      call.on('end', () => call.end());
    },
    cancelled: (_, answer) => answer(null, { cancelled }),
  });
  server.bindAsync(`0.0.0.0:${port}`, grpc.ServerCredentials.createInsecure(), (error) => {
    if (error) throw error;
  });
}

const failure = (error) => ({ code: grpc.status[error.code], details: error.details });

/** One call, of the kind that `call` names. */
export async function callGrpc({ target, call, ...options }) {
  const Client = grpc.makeGenericClientConstructor(definition, 'Echo');
  const client = new Client(target, grpc.credentials.createInsecure());
  try {
    return await calls[call](client, options);
  } finally {
    client.close();
  }
}

const calls = {
  unary: (client, { message, deadlineMs, cancelAfterMs }) =>
    new Promise((resolve) => {
      const value = {};
      let answered = false;
      let status;
      const done = () => answered && status && resolve({ ...value, ...status });
      const options = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
      const call = client.unary(message, options, (error, answer) => {
        Object.assign(value, error ? failure(error) : { answer });
        answered = true;
        done();
      });
      call.on('status', (last) => {
        status = { status: grpc.status[last.code], trailer: last.metadata.get('x-trailer')[0] };
        done();
      });
      if (cancelAfterMs !== undefined) setTimeout(() => call.cancel(), cancelAfterMs);
    }),
  collect: (client, { messages }) =>
    new Promise((resolve) => {
      const call = client.collect((error, answer) => resolve(error ? failure(error) : { answer }));
      for (const say of messages) call.write({ say });
      call.end();
    }),
  /** Ends after `take` messages by cancelling, if set. */
  count: (client, { to, gap, take }) =>
    new Promise((resolve) => {
      const numbers = [];
      const call = client.count({ to, gap });
      const end = (status) => resolve({ numbers, status });
      call.on('data', ({ n }) => {
        numbers.push(n);
        if (n === take) call.cancel();
      });
      call.on('error', (error) => end(grpc.status[error.code]));
      call.on('end', () => end('OK'));
    }),
  /** Says the next thing only when the last was answered. */
  chat: (client, { messages }) =>
    new Promise((resolve) => {
      const heard = [];
      const call = client.chat();
      const say = () =>
        heard.length < messages.length ? call.write({ say: messages[heard.length] }) : call.end();
      call.on('data', ({ said }) => {
        heard.push(said);
        say();
      });
      call.on('error', (error) => resolve({ heard, status: grpc.status[error.code] }));
      call.on('end', () => resolve({ heard, status: 'OK' }));
      say();
    }),
  cancelled: (client) =>
    new Promise((resolve) =>
      client.cancelled({}, (error, answer) => resolve(error ? failure(error) : answer)),
    ),
};
