import { MeshError } from '@osm/prelude';
import { execPlan } from '../control/control-server.ts';
import { findPod } from '../control/pod-reference.ts';
import type { Playground } from '../playground.ts';
import type { PodRunner } from '../pods/pod-runner.ts';
import { run } from '../process/run.ts';
import type { Pair } from './story.ts';

/** How often what was answered, and by which version of the store. */
export interface Answers {
  readonly words: Readonly<Record<string, number>>;
  readonly by: Readonly<Record<string, number>>;
}

interface Request {
  readonly from: string;
  readonly method: string;
  readonly url: (playground: Playground) => string;
}

const bookstore = 'http://bookstore.bookstore:14001';
const bookwarehouse = 'http://bookwarehouse.bookwarehouse:14001';

const requests: Readonly<Record<Pair, Request>> = {
  'bookbuyer->bookstore': {
    from: 'bookbuyer/bookbuyer',
    method: 'GET',
    url: () => `${bookstore}/buy-a-book/new`,
  },
  'bookbuyer->bookstore/raw': {
    from: 'bookbuyer/bookbuyer',
    method: 'GET',
    url: () => `${bookstore}/raw`,
  },
  'bookthief->bookstore': {
    from: 'bookthief/bookthief',
    method: 'GET',
    url: () => `${bookstore}/buy-a-book/new`,
  },
  'bookthief->bookwarehouse': {
    from: 'bookthief/bookthief',
    method: 'POST',
    url: () => `${bookwarehouse}/restock-books`,
  },
  'bookstore-v1->bookwarehouse': {
    from: 'bookstore/bookstore-v1',
    method: 'POST',
    url: () => `${bookwarehouse}/restock-books`,
  },
  'outsider->bookstore-v1 pod': {
    from: 'outsider/outsider',
    method: 'GET',
    url: (playground) =>
      `http://${podOf(playground, 'bookstore/bookstore-v1').blueprint.ip}:14001/buy-a-book/new`,
  },
};

/** Sends a pair's request so many times from inside the client's pod. */
export async function sendAs(
  playground: Playground,
  pair: Pair,
  count: number,
  headers: readonly string[] = [],
): Promise<Answers> {
  const { from, method, url } = requests[pair];
  const words = ['node', 'probe.mjs', method, url(playground), `${count}`, ...headers];
  const plan = execPlan(playground, podOf(playground, from), undefined, words);
  const result = await run(plan.program, plan.args, { env: plan.env, timeoutMs: 60_000 });
  if (result.status !== 0)
    throw new MeshError('io', `cannot send from ${from}: ${result.stderr.trim()}`);
  return JSON.parse(result.stdout) as Answers;
}

/** The pod of a Deployment. */
export function podOf(playground: Playground, reference: string): PodRunner {
  const pods = playground.pods.map((pod) => {
    const { namespace, name, owner, ready } = pod.view();
    return { namespace, name, owner, ready, pod };
  });
  const found = findPod(reference, pods);
  if (found.kind === 'error') throw new MeshError('not_found', found.error);
  return found.value.pod;
}
