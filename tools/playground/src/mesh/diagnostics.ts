import { relative } from 'node:path';
import { isObject } from '../cluster/json.ts';
import type { Playground } from '../playground.ts';
import { fetchText } from './service-instance.ts';

/** A diagnostic as the catalog-watcher's /diagnostics has it. */
interface Diagnostic {
  readonly severity: string;
  readonly object: { readonly file: string; readonly line: number };
  readonly message: string;
}

const periodMs = 1000;

/** Says each of the mesh's diagnostics once when it comes, with file and line. */
export function watchDiagnostics(
  playground: Playground,
  say: (message: string) => void,
): { readonly stop: () => void } {
  let known = new Set<string>();
  const look = async (): Promise<void> => {
    const found = (await readDiagnostics(playground)).filter(
      (diagnostic) => !isSaid(diagnostic, playground),
    );
    const texts = found.map((diagnostic) => describe(diagnostic, playground.directory));
    for (const text of texts) if (!known.has(text)) say(text);
    if (
      texts.length > 0 ||
      playground.services?.of('catalog-watcher').some((instance) => instance.isReady)
    )
      known = new Set(texts);
  };
  const timer = setInterval(() => void look(), periodMs);
  return { stop: () => clearInterval(timer) };
}

/** The mesh's diagnostics now; empty while the catalog-watcher does not answer. */
async function readDiagnostics(playground: Playground): Promise<readonly Diagnostic[]> {
  for (const instance of playground.services?.of('catalog-watcher') ?? []) {
    const { status, body } = await fetchText(`${instance.http}/diagnostics`);
    if (status !== 200) continue;
    const value: unknown = JSON.parse(body);
    const list = isObject(value) ? value['diagnostics'] : undefined;
    if (Array.isArray(list)) return list as unknown as readonly Diagnostic[];
  }
  return [];
}

/** The playground reads the same files, and has said the same of this place. */
function isSaid({ object }: Diagnostic, playground: Playground): boolean {
  const file = relative(playground.directory, object.file);
  return playground.problems.some(
    (problem) => problem.file === file && problem.line === object.line,
  );
}

function describe(diagnostic: Diagnostic, directory: string): string {
  const { file, line } = diagnostic.object;
  const place = file === '' ? '' : `${relative(directory, file)}${line > 0 ? `:${line}` : ''}: `;
  // Some messages begin with the place themselves.
  const message = diagnostic.message.replace(`${file}:${line}: `, '');
  return `${place}${diagnostic.severity}: ${message}`;
}
