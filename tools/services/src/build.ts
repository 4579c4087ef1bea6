// `tsx tools/services/src/build.ts SERVICE`: writes dist/apps/SERVICE/main.js. Called by `nx build SERVICE`.
import { bundleProgram, programNames } from './bundle.ts';

const wanted = process.argv[2];
const service = programNames.find((name) => name === wanted);
if (service === undefined) {
  process.stderr.write(`usage: build PROGRAM, one of ${programNames.join(', ')}\n`);
  process.exit(2);
}
await bundleProgram(service);
