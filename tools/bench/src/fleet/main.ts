// The fleet's process: `main.ts <address> <server name> <identities file>`, commands over IPC. It ends with its parent.
import { readFileSync } from 'node:fs';
import { serveCommands } from '../world/ipc.ts';
import { createFleet } from './fleet.ts';
import type { FleetCommand, FleetIdentities } from './messages.ts';

const [address = '', serverName = '', file = ''] = process.argv.slice(2);
const problemsMax = 5;
let problems = 0;

const fleet = createFleet({
  address,
  serverName,
  identities: JSON.parse(readFileSync(file, 'utf8')) as FleetIdentities,
  nowNs: () => process.hrtime.bigint(),
  onProblem: (problem) => {
    problems += 1;
    if (problems <= problemsMax) process.stderr.write(`fleet: ${problem}\n`);
  },
});

serveCommands((command) => fleet.run(command as FleetCommand));
