const plain = /^[A-Za-z0-9_-]+$/;

/** Joins parts to a KV key by the encoding of proto/osm/status/v1/keys.proto. */
export function encodeKey(parts: readonly string[]): string {
  return parts.map(encodePart).join('.');
}

/** The parts of a key made by encodeKey. */
export function decodeKey(key: string): string[] {
  return key.split('.').map(decodePart);
}

function encodePart(part: string): string {
  if (plain.test(part)) return part;
  if (part === '') return '=';
  let out = '';
  for (const byte of new TextEncoder().encode(part)) {
    const char = String.fromCharCode(byte);
    out += plain.test(char) ? char : `=${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return out;
}

function decodePart(part: string): string {
  if (part === '=') return '';
  if (!part.includes('=')) return part;
  const bytes: number[] = [];
  for (let i = 0; i < part.length; i++) {
    if (part[i] === '=') {
      bytes.push(Number.parseInt(part.slice(i + 1, i + 3), 16));
      i += 2;
    } else bytes.push(part.charCodeAt(i));
  }
  return new TextDecoder().decode(new Uint8Array(bytes));
}
