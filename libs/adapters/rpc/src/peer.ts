/** Who is at the other end, as its verified certificate says. */
export interface Peer {
  readonly dnsNames: readonly string[];
  readonly uris: readonly string[];
}

/**
 * Reads the SANs out of Node's text form, `DNS:a.example, URI:spiffe://b/c`. Node quotes a value that contains a separator; such
 * a name is none of ours and is left out.
 */
export function parseSubjectAltNames(text: string | undefined): Peer {
  const dnsNames: string[] = [];
  const uris: string[] = [];
  for (const part of splitQuoted(text ?? '')) {
    if (part.includes('"')) continue;
    if (part.startsWith('DNS:')) dnsNames.push(part.slice(4));
    else if (part.startsWith('URI:')) uris.push(part.slice(4));
  }
  return { dnsNames, uris };
}

/** Splits at `, ` outside of double quotes; within them a backslash escapes. */
function splitQuoted(text: string): string[] {
  const parts: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let i = 0; i < text.length; i++) {
    if (isQuoted && text[i] === '\\') i++;
    else if (text[i] === '"') isQuoted = !isQuoted;
    else if (!isQuoted && text.startsWith(', ', i)) {
      parts.push(text.slice(start, i));
      start = i + 2;
    }
  }
  parts.push(text.slice(start));
  return parts;
}
