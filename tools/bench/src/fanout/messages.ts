/** Harness to the bare fan-out server. */
export type FanoutCommand =
  /** Answered at once with the moment before the first write. */
  {
    readonly kind: 'push';
    /** Bytes of the content of each message to each client. */
    readonly messageBytes: readonly number[];
  };

export type FanoutAnswer =
  /** Sent once, before any command: where it listens. */
  | { readonly kind: 'listening'; readonly address: string }
  | { readonly kind: 'pushed'; readonly startedNs: string };
