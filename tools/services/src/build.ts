// `tsx tools/services/src/build.ts SERVICE`: writes dist/apps/SERVICE/main.js. Called by `nx build SERVICE`.
import { bundleService, serviceNames } from './bundle.ts';

const wanted = process.argv[2];
const service = serviceNames.find((name) => name === wanted);
if (service === undefined) {
  process.stderr.write(`usage: build SERVICE, one of ${serviceNames.join(', ')}\n`);
  process.exit(2);
}
await bundleService(service);
