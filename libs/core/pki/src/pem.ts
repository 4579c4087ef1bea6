import { err, MeshError, ok, type Result } from '@osm/prelude';

/** The labels of RFC 7468 that the mesh uses. */
export type PemLabel = 'CERTIFICATE' | 'PRIVATE KEY' | 'CERTIFICATE REQUEST';

const block = /-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\s]*)-----END \1-----/g;

const lineLength = 64;
/** As many arguments as one call takes without harm. */
const chunkBytes = 8192;

/** PEM text of one block, with lines of 64 characters and a final newline (RFC 7468). */
export function encodePem(label: PemLabel, der: Uint8Array): string {
  const text = btoa(binaryText(der));
  const lines: string[] = [];
  for (let at = 0; at < text.length; at += lineLength) lines.push(text.slice(at, at + lineLength));
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

/** The DER of every block with this label, in the order of the text; other blocks and text between them are skipped. */
export function decodePem(label: PemLabel, text: string): Result<readonly Uint8Array[], MeshError> {
  const found: Uint8Array[] = [];
  for (const match of text.matchAll(block)) {
    if (match[1] !== label) continue;
    try {
      found.push(Uint8Array.from(atob(match[2] ?? ''), (char) => char.charCodeAt(0)));
    } catch {
      return err(
        new MeshError('invalid_certificate', `a PEM block "${label}" is not valid base64`),
      );
    }
  }
  if (found.length > 0) return ok(found);
  return err(new MeshError('invalid_certificate', `no PEM block "${label}" found`));
}

function binaryText(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += chunkBytes)
    text += String.fromCharCode(...bytes.subarray(at, at + chunkBytes));
  return text;
}
