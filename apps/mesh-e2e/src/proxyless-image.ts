import { cpSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const source = resolve(import.meta.dirname, '../images/grpc');

/** The image e2e/grpc, made for one test file. */
export interface GrpcImage {
  readonly directory: string;
  readonly remove: () => void;
}

/** Makes the image: the program, and the packages that it uses as they are installed: grpc-js-xds reads files of its own. */
export function makeGrpcImage(): GrpcImage {
  const directory = mkdtempSync(join(tmpdir(), 'osm-e2e-grpc-image-'));
  cpSync(source, directory, { recursive: true });
  const manifest = createRequire(import.meta.url).resolve('@grpc/grpc-js-xds/package.json');
  symlinkSync(realpathSync(dirname(dirname(dirname(manifest)))), join(directory, 'node_modules'));
  return { directory, remove: () => rmSync(directory, { recursive: true, force: true }) };
}
