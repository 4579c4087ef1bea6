/** One document of a YAML stream, unparsed. */
export interface DocumentText {
  readonly text: string;
  /** 1-based line of the stream on which `text` begins. */
  readonly line: number;
}

const marker = /^---(?=[ \t\r\n]|$)/gm;

/**
 * Cuts a YAML stream at its `---` lines, which no document can contain. A stream with directives stays whole, because they
 * belong to the marker that follows them; so does JSON.
 */
export function splitDocuments(text: string): readonly DocumentText[] {
  if (/^%/m.test(text)) return [{ text, line: 1 }];
  const documents: DocumentText[] = [];
  let start = 0;
  let line = 1;
  const push = (end: number): void => {
    const part = text.slice(start, end);
    documents.push({ text: part, line });
    for (let i = part.indexOf('\n'); i >= 0; i = part.indexOf('\n', i + 1)) line++;
    start = end;
  };
  for (const match of text.matchAll(marker)) if (match.index > 0) push(match.index);
  push(text.length);
  return documents;
}
