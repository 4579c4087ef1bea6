/** One edit of one file, as a user would make it by hand. */
export interface Edit {
  /** Below the manifests' directory. */
  readonly file: string;
  /** Undefined when the text is not as the story left it: somebody else has edited it. */
  readonly apply: (text: string) => string | undefined;
}

/** A pair of workloads of the story, `client->server`. */
export type Pair =
  | 'bookbuyer->bookstore'
  | 'bookbuyer->bookstore/raw'
  | 'bookthief->bookstore'
  | 'bookthief->bookwarehouse'
  | 'bookstore-v1->bookwarehouse'
  | 'outsider->bookstore-v1 pod';

/** What must hold in a step: the answer of each request, and the share of bookstore-v1 where it matters. */
export interface Expectation {
  readonly pair: Pair;
  /** HTTP status, or what happens instead: refused, reset. */
  readonly answer: string;
  readonly shareOfV1?: number;
}

export interface Step {
  readonly title: string;
  readonly text: string;
  /** Undefined for the beginning. */
  readonly edit?: Edit;
  readonly expectations: readonly Expectation[];
}

const restocks: Expectation = { pair: 'bookstore-v1->bookwarehouse', answer: '200' };
const outsider: Expectation = { pair: 'outsider->bookstore-v1 pod', answer: 'reset' };

/** The story of the demo. Each step differs from the one before by one edit. */
export const story: readonly Step[] = [
  {
    title: 'Default deny',
    text: 'Nobody was allowed to call the bookstore, so nobody can. (The stores may restock, and the warehouse uses its database.)',
    expectations: [
      { pair: 'bookbuyer->bookstore', answer: 'refused' },
      { pair: 'bookthief->bookstore', answer: 'refused' },
      { pair: 'bookthief->bookwarehouse', answer: 'refused' },
      restocks,
      outsider,
    ],
  },
  {
    title: 'Allow the buyer',
    text: 'A TrafficTarget per version of the store, with the account of the buyer as source. The thief sends the same requests and gets nothing.',
    edit: {
      file: 'policy/bookstore-access.yaml',
      apply: (text) => text + ['v1', 'v2'].map((version) => `---\n${target(version)}`).join(''),
    },
    expectations: [
      { pair: 'bookbuyer->bookstore', answer: '200', shareOfV1: 1 },
      { pair: 'bookbuyer->bookstore/raw', answer: '404' },
      { pair: 'bookthief->bookstore', answer: 'refused' },
      { pair: 'bookthief->bookwarehouse', answer: 'refused' },
      restocks,
      outsider,
    ],
  },
  {
    title: 'Allow the thief',
    text: 'One more source in each of the two targets. The warehouse stays closed to it.',
    edit: {
      file: 'policy/bookstore-access.yaml',
      apply: (text) =>
        replaced(
          text,
          buyerSource,
          `${buyerSource}    - kind: ServiceAccount\n      name: bookthief\n      namespace: bookthief\n`,
        ),
    },
    expectations: [
      { pair: 'bookbuyer->bookstore', answer: '200', shareOfV1: 1 },
      { pair: 'bookthief->bookstore', answer: '200', shareOfV1: 1 },
      { pair: 'bookthief->bookwarehouse', answer: 'reset' },
      restocks,
      outsider,
    ],
  },
  {
    title: 'Split 50/50',
    text: 'Half of the requests to the service bookstore go to version 2.',
    edit: { file: 'policy/split.yaml', apply: (text) => weights(text, 50, 50) },
    expectations: [
      { pair: 'bookbuyer->bookstore', answer: '200', shareOfV1: 0.5 },
      { pair: 'bookthief->bookstore', answer: '200', shareOfV1: 0.5 },
      { pair: 'bookthief->bookwarehouse', answer: 'reset' },
    ],
  },
  {
    title: '100% version 2',
    text: 'The roll-out is complete.',
    edit: { file: 'policy/split.yaml', apply: (text) => weights(text, 0, 100) },
    expectations: [
      { pair: 'bookbuyer->bookstore', answer: '200', shareOfV1: 0 },
      { pair: 'bookthief->bookstore', answer: '200', shareOfV1: 0 },
      { pair: 'bookthief->bookwarehouse', answer: 'reset' },
    ],
  },
  {
    title: 'Permissive mode',
    text: 'In permissive mode all in the mesh may call all: now the thief gets into the warehouse. Who is not in the mesh stays outside.',
    edit: {
      file: 'mesh-config.yaml',
      apply: (text) =>
        replaced(text, 'PermissiveTrafficPolicyMode: false', 'PermissiveTrafficPolicyMode: true'),
    },
    expectations: [
      { pair: 'bookbuyer->bookstore', answer: '200', shareOfV1: 0 },
      { pair: 'bookbuyer->bookstore/raw', answer: '200' },
      { pair: 'bookthief->bookstore', answer: '200', shareOfV1: 0 },
      { pair: 'bookthief->bookwarehouse', answer: '200' },
      restocks,
      outsider,
    ],
  },
];

const buyerSource =
  '    - kind: ServiceAccount\n      name: bookbuyer\n      namespace: bookbuyer\n';

function target(version: string): string {
  return `apiVersion: access.smi-spec.io/v1alpha3
kind: TrafficTarget
metadata:
  name: bookstore-${version}
  namespace: bookstore
spec:
  destination:
    kind: ServiceAccount
    name: bookstore-${version}
    namespace: bookstore
  rules:
    - kind: HTTPRouteGroup
      name: bookstore-service-routes
      matches: [books-bought, buy-a-book]
  sources:
${buyerSource}`;
}

function weights(text: string, v1: number, v2: number): string | undefined {
  const all = [v1, v2];
  if (text.match(/weight: \d+/g)?.length !== all.length) return undefined;
  return text.replace(/weight: \d+/g, () => `weight: ${all.shift() ?? 0}`);
}

function replaced(text: string, from: string, to: string): string | undefined {
  return text.includes(from) ? text.replaceAll(from, to) : undefined;
}

/** The lines that an edit takes away and adds, for people: "- old" and "+ new". */
export function changedLines(before: string, after: string): string[] {
  const old = before.split('\n');
  const now = after.split('\n');
  const common = commonLengths(old, now);
  const lines: string[] = [];
  for (let i = 0, j = 0; i < old.length || j < now.length;) {
    if (i < old.length && j < now.length && old[i] === now[j]) {
      i++;
      j++;
    } else if (
      j >= now.length ||
      (i < old.length && at(common, i + 1, j) >= at(common, i, j + 1))
    ) {
      lines.push(`- ${old[i++] ?? ''}`);
    } else lines.push(`+ ${now[j++] ?? ''}`);
  }
  return lines;
}

/** Length of the longest common subsequence of the ends of two lists, for each pair of beginnings. */
function commonLengths(a: readonly string[], b: readonly string[]): readonly (readonly number[])[] {
  const lengths = Array.from({ length: a.length + 1 }, () =>
    new Array<number>(b.length + 1).fill(0),
  );
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const row = lengths[i];
      if (row === undefined) continue;
      row[j] =
        a[i] === b[j]
          ? at(lengths, i + 1, j + 1) + 1
          : Math.max(at(lengths, i + 1, j), at(lengths, i, j + 1));
    }
  }
  return lengths;
}

function at(table: readonly (readonly number[])[], i: number, j: number): number {
  return table[i]?.[j] ?? 0;
}
