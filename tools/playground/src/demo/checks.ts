import { MeshError } from '@osm/prelude';
import type { Playground } from '../playground.ts';
import { adminPort } from '../pods/sidecar.ts';
import { pause } from '../process/backoff.ts';
import { startCapture, type Captured } from './capture.ts';
import { podOf, sendAs, type Answers } from './requests.ts';
import type { Expectation, Pair, Step } from './story.ts';

/** One thing that had to hold, and whether it did. */
export interface Check {
  readonly name: string;
  readonly isOk: boolean;
  /** What was seen. */
  readonly detail: string;
}

export type Report = (check: Check) => void;

const effectMsMax = 15_000;
const captureTriesMax = 5;
const shareRequests = 400;
/** More than four standard deviations of 400 requests at 50%. */
const shareTolerance = 0.1;

/** Checks all expectations of a step. Each may take some time to come true after the edit; how long it took is said. */
export async function checkStep(playground: Playground, step: Step, report: Report): Promise<void> {
  for (const expectation of step.expectations)
    report(await checkExpectation(playground, step, expectation));
}

async function checkExpectation(
  playground: Playground,
  step: Step,
  expectation: Expectation,
): Promise<Check> {
  const { pair, answer, shareOfV1 } = expectation;
  const name = `${step.title}: ${pair} ${answer}${shareOfV1 === undefined ? '' : `, ${Math.round(shareOfV1 * 100)}% from version 1`}`;
  const deadline = performance.now() + effectMsMax;
  for (;;) {
    const few = await sendAs(playground, pair, 10);
    const isSteady = isOnly(few, answer) && isShare(few, shareOfV1, 0.5);
    if (isSteady) break;
    if (performance.now() > deadline) return { name, isOk: false, detail: describe(few) };
    await pause(50);
  }
  if (shareOfV1 === undefined) return { name, isOk: true, detail: answer };
  const many = await sendAs(playground, pair, shareRequests);
  return {
    name,
    isOk: isOnly(many, answer) && isShare(many, shareOfV1, shareTolerance),
    detail: describe(many),
  };
}

function isOnly(answers: Answers, word: string): boolean {
  const words = Object.keys(answers.words);
  return words.length === 1 && words[0] === word;
}

/** All from one version must be exact: the tolerance is for chance, and there is none in 0 and 100%. */
function isShare(answers: Answers, shareOfV1: number | undefined, tolerance: number): boolean {
  if (shareOfV1 === undefined) return true;
  const v1 = answers.by['bookstore-v1'] ?? 0;
  const total = Object.values(answers.by).reduce((sum, count) => sum + count, 0);
  if (total === 0) return false;
  return shareOfV1 === 0 || shareOfV1 === 1
    ? v1 / total === shareOfV1
    : Math.abs(v1 / total - shareOfV1) <= tolerance;
}

function describe(answers: Answers): string {
  const list = (counts: Readonly<Record<string, number>>): string =>
    Object.entries(counts)
      .map(([key, count]) => `${count} x ${key}`)
      .sort()
      .join(', ');
  const by = list(answers.by);
  return `${list(answers.words)}${by === '' ? '' : ` from ${by}`}`;
}

/** What goes over the link between the pods: nothing readable, although much goes. */
export async function checkWire(playground: Playground, report: Report): Promise<void> {
  const secret = `secret-${Math.random().toString(36).slice(2)}`;
  const control = `control-${Math.random().toString(36).slice(2)}`;
  const { answers, seen } = await captureRequests(playground, {
    texts: [secret, '/buy-a-book/new'],
    pair: 'bookbuyer->bookstore',
    count: 100,
    header: `x-secret: ${secret}`,
  });
  const buyer = podOf(playground, 'bookbuyer/bookbuyer').blueprint.ip;
  const stores = ['v1', 'v2'].map(
    (version) => podOf(playground, `bookstore/bookstore-${version}`).blueprint.ip,
  );
  const bytes = stores.reduce((sum, store) => sum + (seen.flows[`${buyer}>${store}`] ?? 0), 0);
  report({
    name: 'requests flow over the captured link',
    isOk: isOnly(answers, '200') && bytes > 100 * secret.length && seen.lost === 0,
    detail: `${describe(answers)}; ${seen.packets} packets (${seen.lost} lost), ${bytes} bytes from the buyer to the stores`,
  });
  const readable = [secret, '/buy-a-book/new'].filter((text) => (seen.found[text] ?? 0) > 0);
  report({
    name: 'no request text on the link',
    isOk: readable.length === 0,
    detail:
      readable.length === 0
        ? 'path and headers not seen'
        : `seen in plain text: ${readable.join(', ')}`,
  });
  await checkCaptureSeesText(playground, control, report);
}

/** The control: the same capture does see the text of a request that is not encrypted, the outsider's. */
async function checkCaptureSeesText(
  playground: Playground,
  control: string,
  report: Report,
): Promise<void> {
  const { answers, seen } = await captureRequests(playground, {
    texts: [control],
    pair: 'outsider->bookstore-v1 pod',
    count: 5,
    header: `x-control: ${control}`,
  });
  report({
    name: 'plain text from outside the mesh is refused, and is what the capture does see',
    isOk: isOnly(answers, 'reset') && (seen.found[control] ?? 0) > 0,
    detail: `${describe(answers)}; seen in ${seen.found[control] ?? 0} packets`,
  });
}

interface CapturedRequests {
  readonly texts: readonly string[];
  readonly pair: Pair;
  readonly count: number;
  readonly header: string;
}

/** Captures while requests are sent; once more when packets were lost: on a busy machine, with the small buffer of an ordinary user. */
async function captureRequests(
  playground: Playground,
  { texts, pair, count, header }: CapturedRequests,
): Promise<{ readonly answers: Answers; readonly seen: Captured }> {
  for (let tries = 1; ; tries++) {
    const capture = await startCapture(playground.network.pid, texts);
    const answers = await sendAs(playground, pair, count, [header]);
    const seen = await capture.stop();
    if (seen.lost === 0 || tries === captureTriesMax) return { answers, seen };
  }
}

/** Envoy's own count of TLS handshakes, on both sides. */
export async function checkHandshakes(playground: Playground, report: Report): Promise<void> {
  for (const reference of [
    'bookbuyer/bookbuyer',
    'bookstore/bookstore-v1',
    'bookwarehouse/database',
  ]) {
    const name = `Envoy of ${reference}: ssl.handshake above 0`;
    try {
      const count = await handshakes(playground, reference);
      report({ name, isOk: count > 0, detail: `${count} handshakes` });
    } catch (thrown) {
      report({ name, isOk: false, detail: MeshError.from(thrown).message });
    }
  }
}

/** TLS handshakes with other pods: those with the xDS server do not count. */
async function handshakes(playground: Playground, reference: string): Promise<number> {
  const pid = podOf(playground, reference).instance?.pid ?? 0;
  const { body } = await playground.dialer.http(pid, {
    port: adminPort,
    path: '/stats?filter=ssl.handshake',
  });
  return body
    .split('\n')
    .filter((line) => !line.startsWith('cluster.osm-controller.'))
    .reduce((sum, line) => sum + Number(/ssl\.handshake: (\d+)$/.exec(line)?.[1] ?? 0), 0);
}

/** The TCP side of the story: the database speaks first, through two proxies. */
export async function checkDatabase(playground: Playground, report: Report): Promise<void> {
  const name = 'bookwarehouse->database: TCP, the server speaks first';
  const pid = podOf(playground, 'bookwarehouse/bookwarehouse').instance?.pid ?? 0;
  const { body } = await playground.dialer.http(pid, { port: 14001, path: '/raw' });
  const counters = JSON.parse(body) as { readonly greeting: string; readonly stored: number };
  report({
    name,
    isOk: counters.greeting.startsWith('220 ') && counters.stored > 0,
    detail: `greeting "${counters.greeting}", ${counters.stored} books stored`,
  });
}
