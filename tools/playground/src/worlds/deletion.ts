import { isObject, type JsonObject } from '../cluster/json.ts';

/** An object as far as a deletion looks at it. */
export interface Deletable {
  readonly kind: string;
  /** Empty for kinds that have none. */
  readonly namespace: string;
  readonly name: string;
  readonly body: JsonObject;
}

const shortNames: Readonly<Record<string, string>> = {
  cm: 'configmap',
  deploy: 'deployment',
  htr: 'httproutegroup',
  ns: 'namespace',
  po: 'pod',
  sa: 'serviceaccount',
  sts: 'statefulset',
  svc: 'service',
  tr: 'tcproute',
  ts: 'trafficsplit',
  tt: 'traffictarget',
};

interface Wanted {
  readonly namespace: string;
  readonly all: boolean;
  readonly labels: readonly (readonly [string, string])[];
  readonly words: readonly string[];
}

/**
 * Which objects `kubectl delete` with these arguments deletes: `KIND NAME...`, `KIND/NAME...`, `KIND --all`, `KIND -l KEY=VALUE`, with
 * `-n NAMESPACE`. A kind may be written as kubectl takes it: plural, with its group, short. Unknown flags are ignored.
 */
export function deletionOf(args: readonly string[]): (object: Deletable) => boolean {
  const { namespace, all, labels, words } = readArguments(args);
  const [first = '', ...rest] = words;
  const targets = first.includes('/')
    ? words.map((word) => word.split('/', 2))
    : first.split(',').flatMap((kind) => rest.map((name) => [kind, name]));
  const kinds = first.includes('/') ? [] : first.split(',');
  return (object) => {
    const isHere = object.namespace === '' || object.namespace === namespace;
    const isNamed = targets.some(
      ([kind = '', name]) =>
        (isHere && kindMatches(kind, object.kind) && name === object.name) ||
        // What is in a namespace goes with it.
        (kindMatches(kind, 'Namespace') && name === object.namespace),
    );
    if (isNamed || !isHere) return isNamed;
    const isSelected = all || (labels.length > 0 && labels.every(hasLabel(object)));
    return isSelected && kinds.some((kind) => kindMatches(kind, object.kind));
  };
}

function readArguments(args: readonly string[]): Wanted {
  let [namespace, all] = ['default', false];
  const labels: [string, string][] = [];
  const words: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const [flag = '', inline] = splitFlag(args[i] ?? '');
    const value = (): string => inline ?? args[++i] ?? '';
    if (flag === '-n' || flag === '--namespace') namespace = value();
    else if (flag === '-l' || flag === '--selector') {
      for (const term of value().split(',')) {
        const [key = '', expected = ''] = term.split(/==?/);
        labels.push([key, expected]);
      }
    } else if (flag === '--all') all = inline !== 'false';
    else if (!flag.startsWith('-')) words.push(flag);
  }
  return { namespace, all, labels, words };
}

function splitFlag(word: string): readonly [string, string?] {
  const at = word.startsWith('--') ? word.indexOf('=') : -1;
  return at < 0 ? [word] : [word.slice(0, at), word.slice(at + 1)];
}

function kindMatches(word: string, kind: string): boolean {
  const [plain = ''] = word.toLowerCase().split('.');
  const wanted = kind.toLowerCase();
  const full = shortNames[plain] ?? plain;
  return [
    full,
    full.replace(/s$/, ''),
    full.replace(/es$/, ''),
    full.replace(/ies$/, 'y'),
  ].includes(wanted);
}

function hasLabel({ body }: Deletable) {
  const metadata = body['metadata'];
  const labels = isObject(metadata) ? metadata['labels'] : undefined;
  return ([key, value]: readonly [string, string]): boolean =>
    isObject(labels) && labels[key] === value;
}
