import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { textFile } from '../src/image-file.ts';
import { programImages, type ImageSources } from '../src/images.ts';

/** Bundles of one line below a folder, and a runtime of one file. */
export function makeSources(folder: string): ImageSources {
  const bundle = (name: string): string => join(folder, name, 'main.js');
  for (const name of programImages) {
    mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(bundle(name), `console.log(${JSON.stringify(name)});\n`);
  }
  const program = join(folder, 'program');
  writeFileSync(program, 'not of ours', { mode: 0o755 });
  const runtime = [textFile('/usr/local/bin/node', 'the runtime')];
  return { runtime: () => runtime, bundle, envoy: () => program, nats: () => program };
}
