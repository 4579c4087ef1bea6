import type { Any } from './gen/google/protobuf/any.ts';

/** A generated message type, as far as packing needs it. */
export interface AnyMessage<T> {
  readonly $type: string;
  readonly encode: (message: T) => { finish(): Uint8Array };
}

/** Wraps a message in an Any. Extension points of Envoy choose the extension by the type URL alone. */
export function packAny<T>(type: AnyMessage<T>, message: T): Any {
  return {
    typeUrl: `type.googleapis.com/${type.$type}`,
    // The generated type says Buffer; writing takes any byte array.
    value: type.encode(message).finish() as Any['value'],
  };
}
