import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { proxylessFiles } from '@osm/injection';
import { err, ok, type Result } from '@osm/prelude';
import { Secret } from '@osm/proto-envoy/secret';

/** A secret as a file for gRPC's certificate provider. */
export interface SecretFile {
  /** Name of the secret. */
  readonly secret: string;
  readonly file: string;
  readonly text: string;
}

/** Reads a secret of the xDS server: `identity` or `trust`. The error says what is wrong with it, for the server. */
export function readSecret(bytes: Uint8Array): Result<SecretFile, string> {
  const { name, type } = Secret.decode(bytes);
  if (type?.$case === 'tlsCertificate') {
    const { certificateChain, privateKey } = type.value;
    const [chain, key] = [textOf(certificateChain?.specifier), textOf(privateKey?.specifier)];
    if (chain === undefined || key === undefined)
      return err(`secret ${name} has no inline certificate and key`);
    return ok({ secret: name, file: proxylessFiles.identity, text: `${chain}\n${key}` });
  }
  if (type?.$case === 'validationContext') {
    const roots = textOf(type.value.trustedCa?.specifier);
    if (roots === undefined) return err(`secret ${name} has no inline roots`);
    return ok({ secret: name, file: proxylessFiles.trust, text: roots });
  }
  return err(`secret ${name} is neither a certificate nor a validation context`);
}

function textOf(
  source: { readonly $case: string; readonly value: unknown } | undefined,
): string | undefined {
  return source?.$case === 'inlineBytes' && source.value instanceof Uint8Array
    ? Buffer.from(source.value).toString('utf8')
    : undefined;
}

/** Puts a file in place whole: who reads it sees the old or the new one. Readable by all users, of whom there are those of the pod. */
export async function replaceFile(directory: string, name: string, text: string): Promise<void> {
  const next = join(directory, `.${name}.next`);
  await writeFile(next, text, { mode: 0o644 });
  await rename(next, join(directory, name));
}
