import { kubectl } from './kubectl.ts';
import { isReady, podsOf } from './pods.ts';
import { until } from './waiting.ts';

/** A workload to send from: its pods have the label `app`, and the container `app` of image osm/e2e. */
export interface Caller {
  readonly namespace: string;
  readonly app: string;
}

/** A request of image/call.mjs: over HTTP, or a line over TCP. */
export type Call = (
  | {
      readonly url: string;
      readonly method?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | { readonly tcp: string; readonly send?: string }
) & {
  /** How often, one after the other; default 1. */
  readonly count?: number;
  /** Over one connection; else each over one of its own. */
  readonly keepAlive?: boolean;
  readonly limitMs?: number;
};

/** What became of a request. */
export interface Answer {
  /** How often what came: a status, the line that was read, or refused, reset, closed, timeout, `no such name`. */
  readonly words: Readonly<Record<string, number>>;
  /** How often which pod answered. */
  readonly by: Readonly<Record<string, number>>;
  /** The last body or line. */
  readonly text: string;
}

const appearMsMax = 15_000;

/** Sends a request from the first ready pod of a workload. */
export async function call(from: Caller, request: Call): Promise<Answer> {
  const [answer] = await callAll(from, [request]);
  if (answer === undefined) throw new Error('the pod gave no answer');
  return answer;
}

/** Sends several, one after the other. */
async function callAll(
  { namespace, app }: Caller,
  requests: readonly Call[],
): Promise<readonly Answer[]> {
  const pod = (await podsOf(namespace, app)).find(isReady);
  if (pod === undefined) throw new Error(`no pod ${app} in ${namespace} is ready to send from`);
  const output = await kubectl(
    ...['exec', '-n', namespace, pod.metadata.name, '-c', 'app', '--'],
    ...['node', '/app/call.mjs', JSON.stringify(requests)],
  );
  return JSON.parse(output) as readonly Answer[];
}

/**
 * Waits until a request gets the wanted answer so many times in a row (OSM's tests: 5). What was allowed a moment ago may go on for a
 * moment; what is not there after the limit is an error that tells the last answers.
 */
export async function answers(
  from: Caller,
  request: Call,
  wanted: string,
  { times = 5, limitMs = appearMsMax } = {},
): Promise<void> {
  const target = 'url' in request ? request.url : request.tcp;
  const what = `${from.namespace}/${from.app} calls ${target} and gets "${wanted}" ${times} times`;
  await until(what, limitMs, async () => {
    const { words } = await call(from, { ...request, count: times });
    return words[wanted] === times ? undefined : JSON.stringify(words);
  });
}
