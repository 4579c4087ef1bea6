import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { writeSelfSigned } from '@osm/playground';
import { build } from 'esbuild';

const source = resolve(import.meta.dirname, '../images/shapes');

/** The image e2e/shapes, made for one test file. */
export interface ShapesImage {
  readonly directory: string;
  readonly remove: () => void;
}

/** Makes the image: the program in one file with the packages it uses, and a certificate for its HTTPS server. */
export async function makeShapesImage(): Promise<ShapesImage> {
  const directory = mkdtempSync(join(tmpdir(), 'osm-e2e-shapes-image-'));
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  try {
    cpSync(join(source, 'entrypoint.json'), join(directory, 'entrypoint.json'));
    writeSelfSigned(directory);
    await build({
      entryPoints: [join(source, 'shapes.mjs')],
      outfile: join(directory, 'shapes.mjs'),
      bundle: true,
      platform: 'node',
      format: 'esm',
      // The gRPC package is CommonJS and asks for Node's modules itself.
      banner: {
        js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
      },
      logLevel: 'warning',
    });
    return { directory, remove };
  } catch (thrown) {
    remove();
    throw thrown;
  }
}
