import { status as grpcStatus, type ServerDuplexStream } from '@grpc/grpc-js';
import { parseSubjectAltNames, type Peer } from './peer.ts';

/** How a call ends, for the other side. */
export interface RpcStatus {
  readonly code:
    'ok' | 'unavailable' | 'permission-denied' | 'invalid-argument' | 'resource-exhausted';
  readonly message: string;
}

/** What the owner of a stream is told. All are optional events of one stream, in order. */
export interface StreamEvents<Request> {
  readonly onRequest: (request: Request) => void;
  /** Bytes left the queue: they are with the transport now. */
  readonly onFlushed: () => void;
  /** The stream is over, whoever ended it. Called once, last. */
  readonly onClose: () => void;
}

/** One bidirectional call. Responses are bytes that are encoded already. */
export interface BidiStream<Request> {
  readonly peer: Peer;
  /** Address and port of the other side. */
  readonly remoteAddress: string;
  readonly listen: (events: StreamEvents<Request>) => void;
  /** Queues a message. There is no limit: the caller watches `queuedBytes`. The bytes must not be changed afterwards. */
  readonly send: (message: Uint8Array) => void;
  /** Bytes that were given to `send` and have not left the process' queue. */
  readonly queuedBytes: () => number;
  readonly end: (status: RpcStatus) => void;
}

const codes: Readonly<Record<RpcStatus['code'], number>> = {
  ok: grpcStatus.OK,
  unavailable: grpcStatus.UNAVAILABLE,
  'permission-denied': grpcStatus.PERMISSION_DENIED,
  'invalid-argument': grpcStatus.INVALID_ARGUMENT,
  'resource-exhausted': grpcStatus.RESOURCE_EXHAUSTED,
};

/** Wraps a call of grpc-js. */
export function wrapCall<Request>(
  call: ServerDuplexStream<Request, Uint8Array>,
): BidiStream<Request> {
  let queued = 0;
  let isOver = false;
  let events: StreamEvents<Request> | undefined;
  const { sslPeerCertificate } = call.getAuthContext();
  const onWritten = (bytes: number): void => {
    queued -= bytes;
    if (!isOver) events?.onFlushed();
  };
  call.on('data', (request: Request) => {
    if (!isOver) events?.onRequest(request);
  });
  call.on('end', () => call.end());
  call.on('error', () => undefined); // followed by close
  call.once('close', () => {
    isOver = true;
    events?.onClose();
  });
  return {
    peer: parseSubjectAltNames(sslPeerCertificate?.subjectaltname),
    remoteAddress: call.getPeer(),
    listen: (next) => {
      events = next;
    },
    send: (message) => {
      if (isOver || call.destroyed || call.writableEnded) return;
      queued += message.length;
      call.write(message, () => onWritten(message.length));
    },
    queuedBytes: () => queued,
    end: ({ code, message }) => {
      if (isOver || call.destroyed) return;
      if (code === 'ok') call.end();
      else call.emit('error', { code: codes[code], details: message });
    },
  };
}
