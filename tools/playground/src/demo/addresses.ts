import { MeshError } from '@osm/prelude';
import { basename } from 'node:path';
import { createForward, type Forward } from '../network/forward.ts';
import type { Playground } from '../playground.ts';
import { adminPort } from '../pods/sidecar.ts';
import { openServices } from '../mesh/open-services.ts';
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
    // Asked for every connection: the pod may have been replaced.
    const forward = await createForward(wanted, async () => {
      const pid = podOf(playground, reference).instance?.pid;
      if (pid === undefined) throw new MeshError('not_found', `${reference} does not run`);
      return playground.dialer.connect(pid, '127.0.0.1', port);
    });
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
  const addresses = await openServices(playground);
  forwards.push(...addresses.forwards);
  const services = addresses.services.map(({ name, url }) => `    ${url}  ${name}`);
  return {
    lines: [
      '  Pages of the programs',
      ...pageLines,
      '  Envoys (admin interface)',
      ...envoyLines,
      '  Services of the mesh (/health/ready, /metrics, /version; the catalog-watcher also /diagnostics)',
      ...services,
      `  Manifests, to be edited while it runs: ${playground.directory}`,
      `  Commands: npm run playground -- pods --name ${basename(playground.stateDirectory)} (also exec, logs, config)`,
    ],
    close: async () => {
      await Promise.all(forwards.map((forward) => forward.close()));
    },
  };
}
