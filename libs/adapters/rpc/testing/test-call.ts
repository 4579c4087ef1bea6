import { Client, credentials, Metadata, type ClientDuplexStream } from '@grpc/grpc-js';

export interface OpenCallOptions<Request, Response> {
  readonly port: number;
  readonly path: string;
  readonly encode: (request: Request) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => Response;
  readonly rootsPem: string;
  /** Undefined: a client without a certificate. */
  readonly identity: { readonly chainPem: string; readonly privateKeyPem: string } | undefined;
  /** The name that the server's certificate must have. */
  readonly serverName: string;
}

/** How a call ended: the name of a gRPC status code by number, and the server's words. */
export interface CallEnd {
  readonly code: number;
  readonly details: string;
}

/** A call that is open. */
export interface TestCall<Request, Response> {
  readonly send: (request: Request) => void;
  /** The next response; rejects when the call ends first. */
  readonly next: () => Promise<Response>;
  readonly ended: Promise<CallEnd>;
  /** Stops and resumes reading: a slow client. */
  readonly pause: () => void;
  readonly resume: () => void;
  readonly close: () => void;
}

/** Opens a connection of its own and a call on it. */
export function openCall<Request, Response>(
  options: OpenCallOptions<Request, Response>,
): TestCall<Request, Response> {
  const { identity } = options;
  const client = new Client(
    `127.0.0.1:${options.port}`,
    credentials.createSsl(
      Buffer.from(options.rootsPem),
      identity === undefined ? null : Buffer.from(identity.privateKeyPem),
      identity === undefined ? null : Buffer.from(identity.chainPem),
    ),
    {
      'grpc.ssl_target_name_override': options.serverName,
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_retries': 0,
    },
  );
  const call: ClientDuplexStream<Request, Response> = client.makeBidiStreamRequest(
    options.path,
    (request: Request) => Buffer.from(options.encode(request)),
    (bytes: Buffer) => options.decode(bytes),
    new Metadata(),
  );
  const queue: Response[] = [];
  const waiting: { resolve: (response: Response) => void; reject: (error: Error) => void }[] = [];
  call.on('data', (response: Response) => {
    const next = waiting.shift();
    if (next === undefined) queue.push(response);
    else next.resolve(response);
  });
  call.on('error', () => undefined); // said by status as well
  const ended = new Promise<CallEnd>((resolve) => {
    call.once('status', ({ code, details }) => {
      client.close();
      resolve({ code, details });
      for (const next of waiting) next.reject(new Error(`the call ended: ${code} ${details}`));
    });
  });
  return {
    send: (request) => void call.write(request),
    next: () => {
      const response = queue.shift();
      if (response !== undefined) return Promise.resolve(response);
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    },
    ended,
    pause: () => call.pause(),
    resume: () => call.resume(),
    close: () => call.cancel(),
  };
}
