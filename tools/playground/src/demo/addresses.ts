import { basename } from 'node:path';
import { createForward, type Forward } from '../network/forward.ts';
import type { Playground } from '../playground.ts';
import { adminPort } from '../pods/sidecar.ts';
import { podOf } from './requests.ts';

/** Pages of the demo, with the ports that OSM's demo forwards them to. */
const pages = [
  ['bookbuyer/bookbuyer', 8080],
  ['bookstore/bookstore-v1', 8081],
  ['bookstore/bookstore-v2', 8082],
  ['bookthief/bookthief', 8083],
  ['bookwarehouse/bookwarehouse', 8084],
] as const;

const firstAdminPort = 15100;

export interface OpenedAddresses {
  /** For people: what is where. */
  readonly lines: readonly string[];
  readonly close: () => Promise<void>;
}

/** Makes the pods' pages and Envoys reachable on this machine, and lists everything worth a look. */
export async function openAddresses(playground: Playground): Promise<OpenedAddresses> {
  const forwards: Forward[] = [];
  const open = async (reference: string, wanted: number, port: number): Promise<string> => {
    const pid = (): number | undefined => {
      try {
        return podOf(playground, reference).instance?.pid;
      } catch {
        return undefined;
      }
    };
    const forward = await createForward(playground.dialer, wanted, { pid, port });
    forwards.push(forward);
    return `    http://127.0.0.1:${forward.port}  ${reference}`;
  };
  const pageLines: string[] = [];
  for (const [reference, port] of pages) pageLines.push(await open(reference, port, 14001));
  const envoyLines: string[] = [];
  for (const [i, reference] of [
    ...pages.map(([name]) => name),
    'bookwarehouse/database',
  ].entries()) {
    envoyLines.push(await open(reference, firstAdminPort + i, adminPort));
  }
  const services =
    playground.services?.instances.map((instance) => `    ${instance.http}  ${instance.name}`) ??
    [];
  return {
    lines: [
      '  Pages of the programs',
      ...pageLines,
      '  Envoys (admin interface)',
      ...envoyLines,
      '  Services of the mesh (/health/ready, /metrics, /version; the catalog-watcher also /diagnostics)',
      ...services,
      `    ${playground.services?.natsUrl ?? ''}  NATS`,
      `  Manifests, to be edited while it runs: ${playground.directory}`,
      `  Commands: npm run playground -- pods --name ${basename(playground.stateDirectory)} (also exec, logs, config)`,
    ],
    close: async () => {
      await Promise.all(forwards.map((forward) => forward.close()));
    },
  };
}
