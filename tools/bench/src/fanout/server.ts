import {
  Server,
  ServerCredentials,
  type sendUnaryData,
  type ServerDuplexStream,
} from '@grpc/grpc-js';
import { DeltaDiscoveryResponse } from '@osm/proto-envoy/discovery';
import { bareMethod } from '../fleet/bare-clients.ts';
import type { FanoutAnswer, FanoutCommand } from './messages.ts';

type Stream = ServerDuplexStream<Buffer, Buffer>;

/** The yardstick: a gRPC server that does nothing but write the same bytes to every stream. */
export interface FanoutServer {
  readonly address: string;
  readonly run: (command: FanoutCommand) => FanoutAnswer;
}

export interface FanoutOptions {
  readonly rootsPem: string;
  readonly keyPem: string;
  readonly chainPem: string;
  readonly nowNs: () => bigint;
}

const identity = (bytes: Buffer): Buffer => bytes;
const typeUrl = 'type.googleapis.com/osm.bench.Payload';

/** Listens on a free port of the loopback interface, mTLS as the mesh's own server. */
export async function startFanoutServer(options: FanoutOptions): Promise<FanoutServer> {
  const streams = new Set<Stream>();
  let pushes = 0;
  const server = new Server({ 'grpc.max_concurrent_streams': 10 });
  server.addService(
    {
      receive: {
        path: bareMethod,
        requestStream: true,
        responseStream: true,
        requestSerialize: identity,
        requestDeserialize: identity,
        responseSerialize: identity,
        responseDeserialize: identity,
      },
    },
    {
      receive: (stream: Stream, _done?: sendUnaryData<Buffer>) => {
        streams.add(stream);
        stream.on('data', () => undefined);
        stream.on('error', () => streams.delete(stream));
        stream.on('end', () => {
          streams.delete(stream);
          stream.end();
        });
        stream.write(encode({ nonce: '' }));
      },
    },
  );
  const port = await listen(server, options);
  return {
    address: `127.0.0.1:${port}`,
    run: ({ messageBytes }) => {
      const messages = messageBytes.map((bytes) => {
        pushes += 1;
        return encode({ nonce: String(pushes), body: new Uint8Array(bytes) });
      });
      const startedNs = options.nowNs();
      for (const stream of streams) for (const message of messages) stream.write(message);
      return { kind: 'pushed', startedNs: String(startedNs) };
    },
  };
}

function listen(server: Server, options: FanoutOptions): Promise<number> {
  const credentials = ServerCredentials.createSsl(
    Buffer.from(options.rootsPem),
    [{ private_key: Buffer.from(options.keyPem), cert_chain: Buffer.from(options.chainPem) }],
    true,
  );
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, port) => {
      if (error) reject(error);
      else resolve(port);
    });
  });
}

function encode(push: { readonly nonce: string; readonly body?: Uint8Array }): Buffer {
  const resources =
    push.body === undefined
      ? []
      : [
          {
            name: 'payload',
            version: push.nonce,
            resource: { typeUrl, value: Buffer.from(push.body) },
          },
        ];
  const message = DeltaDiscoveryResponse.fromPartial({ typeUrl, nonce: push.nonce, resources });
  return Buffer.from(DeltaDiscoveryResponse.encode(message).finish());
}
