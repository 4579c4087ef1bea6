// The bare fan-out's process: `main.ts <identity file>`, commands over IPC. It ends with its parent.
import { readFileSync } from 'node:fs';
import { announce, serveCommands } from '../world/ipc.ts';
import type { FanoutCommand } from './messages.ts';
import { startFanoutServer } from './server.ts';

const [file = ''] = process.argv.slice(2);
const identity = JSON.parse(readFileSync(file, 'utf8')) as {
  readonly rootsPem: string;
  readonly keyPem: string;
  readonly chainPem: string;
};
const server = await startFanoutServer({ ...identity, nowNs: () => process.hrtime.bigint() });
serveCommands((command) => Promise.resolve(server.run(command as FanoutCommand)));
announce({ kind: 'listening', address: server.address });
