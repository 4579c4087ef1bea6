import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeSelfSigned } from '@osm/playground';
import { worldsDirectory } from './places.ts';

/** The name under which worlds ask for the test program. */
export const imageName = 'oracle/app:1';

/** A unary gRPC request without content: no compression, length 0. */
const emptyMessage = new Uint8Array(5);

/**
 * Makes the directory that stands in for the image of the test program: the program, an empty gRPC message, and a key with a
 * self-signed certificate when one of the worlds has a server that speaks HTTPS.
 */
export function prepareImage(directory: string, worlds: readonly string[]): void {
  cpSync(join(worldsDirectory, 'image'), directory, { recursive: true });
  writeFileSync(join(directory, 'empty.grpc'), emptyMessage);
  if (worlds.some(speaksHttps)) writeSelfSigned(directory);
}

function speaksHttps(world: string): boolean {
  return /\bhttps:\d+:/.test(readFileSync(join(world, 'world.yaml'), 'utf8'));
}
