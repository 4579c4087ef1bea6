// A program that needs namespaces runs as two halves: the first has been started by the user and prepares what needs none, the second
// is the same program again, in a user namespace or as root. They speak by environment variables.

const parentVariable = 'OSM_PLAYGROUND_PARENT';
const claimedVariable = 'OSM_PLAYGROUND_CLAIMED';
const preparedVariable = 'OSM_PLAYGROUND_PREPARED';

/** What the first half of a program hands to the second. */
export interface Handover {
  /** The state directory that it has claimed for both. */
  readonly claimed?: string;
}

/** The variables that the first half sets for the second. */
export function handoverVariables({ claimed }: Handover = {}): Record<string, string> {
  return {
    [parentVariable]: `${process.pid}`,
    [preparedVariable]: '1',
    ...(claimed === undefined ? {} : { [claimedVariable]: claimed }),
  };
}

/** The process that started this one to do its work; 0 when there is none. */
export function delegator(): number {
  return Number(process.env[parentVariable] ?? 0);
}

/** Everything that needs no namespaces was done by who started this process: the services are built. */
export function isPrepared(): boolean {
  return process.env[preparedVariable] !== undefined;
}

/** The state directory that was claimed for this process by the one that started it. */
export function claimedBefore(): string | undefined {
  return process.env[claimedVariable];
}
