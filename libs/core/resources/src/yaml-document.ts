import { isMap as isYamlMap, isSeq, LineCounter, parseAllDocuments, type Document } from 'yaml';
import { isMap } from './fields/values.ts';

/** The objects of a piece of a YAML stream. Lines are 1-based within the piece. */
export interface YamlDocument {
  readonly items: readonly YamlItem[];
  readonly problems: readonly { readonly message: string; readonly line: number }[];
}

export interface YamlItem {
  readonly raw: unknown;
  readonly line: number;
}

/** Parses a piece that splitDocuments cut. Lists (kind: List, PodList, ...) are taken apart. */
export function parseYaml(text: string): YamlDocument {
  if (/^\s*\{/.test(text)) {
    const json = parseJson(text);
    if (json !== undefined) return { items: itemsOf(json, () => 1), problems: [] };
  }
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, {
    lineCounter: lines,
    merge: true,
    prettyErrors: false,
  });
  const items: YamlItem[] = [];
  const problems: { message: string; line: number }[] = [];
  for (const document of documents) {
    const [error] = document.errors;
    if (error !== undefined) {
      problems.push({ message: error.message, line: lines.linePos(error.pos[0]).line });
      continue;
    }
    const lineAt = (offset: number | undefined): number => lines.linePos(offset ?? 0).line;
    const start = lineAt(document.contents?.range?.[0]);
    try {
      const raw: unknown = document.toJS();
      if (raw !== null)
        items.push(...itemsOf(raw, (index) => lineAt(itemOffset(document, index)) || start));
    } catch (thrown) {
      // Aliases that do not exist, or that grow without bound.
      const message = thrown instanceof Error ? thrown.message : String(thrown);
      problems.push({ message, line: start });
    }
  }
  return { items, problems };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Flow style YAML looks like JSON; real mistakes are told by the YAML parser, with their line.
    return undefined;
  }
}

/** @param lineOf - Line of the item with that index, of the whole document for -1. */
function itemsOf(raw: unknown, lineOf: (index: number) => number): YamlItem[] {
  if (isMap(raw) && Array.isArray(raw['items']) && `${String(raw['kind'])}`.endsWith('List')) {
    const kind = String(raw['kind']).slice(0, -'List'.length);
    return raw['items'].map((item: unknown, index) => ({
      raw: withType(item, raw['apiVersion'], kind),
      line: lineOf(index),
    }));
  }
  return [{ raw, line: lineOf(-1) }];
}

/** Items of a typed list (PodList) leave out what the list says. */
function withType(item: unknown, apiVersion: unknown, kind: string): unknown {
  if (!isMap(item) || kind === '' || item['kind'] !== undefined) return item;
  return { apiVersion, kind, ...item };
}

function itemOffset(document: Document, index: number): number | undefined {
  const { contents } = document;
  if (index < 0 || !isYamlMap(contents)) return contents?.range?.[0];
  const items = contents.get('items', true);
  const item = isSeq(items) ? items.items[index] : undefined;
  const range = (item as { range?: readonly number[] } | undefined)?.range;
  return range?.[0];
}
