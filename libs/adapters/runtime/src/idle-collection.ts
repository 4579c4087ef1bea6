import { performance } from 'node:perf_hooks';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What one look at the process says. */
export interface Look {
  /** Share of the time since the last look in which the event loop worked. */
  readonly utilization: number;
  readonly usedBytes: number;
}

export interface LookState {
  /** Looks in a row at which nothing much was going on. */
  readonly idleLooks: number;
  /** Least memory in use since the last collection. */
  readonly leastBytes: number;
}

const lookEveryMs = 5_000;
const idleUtilization = 0.005;
const idleLooksMin = 2;
const growthMin = 1.2;
const garbageBytesMin = 4 * 1024 * 1024;

/** Before the first look. */
export const firstLookState: LookState = { idleLooks: 0, leastBytes: 0 };

/** Says whether to collect now: after a while without work, when there may be garbage worth it. */
export function judgeLook(
  state: LookState,
  { utilization, usedBytes }: Look,
): { readonly state: LookState; readonly collect: boolean } {
  const idleLooks = utilization < idleUtilization ? state.idleLooks + 1 : 0;
  const leastBytes = Math.min(state.leastBytes, usedBytes);
  const collect = idleLooks >= idleLooksMin && usedBytes > leastBytes * growthMin + garbageBytesMin;
  return { state: { idleLooks, leastBytes }, collect };
}

/**
 * Collects garbage once a burst of work is over. V8 collects when it needs memory; a control plane that pushed to a thousand
 * proxies and then waits for hours would keep that burst's garbage as long. The collection takes some 50 ms of an idle
 * process.
 */
export function collectWhenIdle(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const usedBytes = (): number => {
    const { used_heap_size: heap, external_memory: external } = getHeapStatistics();
    return heap + external;
  };
  let state = firstLookState;
  let since = performance.eventLoopUtilization();
  const look = (): void => {
    const { utilization } = performance.eventLoopUtilization(since);
    since = performance.eventLoopUtilization();
    const judged = judgeLook(state, { utilization, usedBytes: usedBytes() });
    state = judged.state;
    if (!judged.collect) return;
    collect();
    state = { idleLooks: 0, leastBytes: usedBytes() };
  };
  setInterval(look, lookEveryMs).unref();
}
