import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureBinaries, Playground } from '@osm/playground';
import { MeshError } from '@osm/prelude';
import type { Cleanup } from '../world/cleanup.ts';
import { readUsage, type ProcessUsage } from '../world/usage.ts';

/** A playground for a benchmark: real pods, iptables rules, Envoys and services. */
export interface PlaygroundWorld {
  /** One request to a port on the pod's loopback; the pods' programs answer JSON. */
  readonly ask: (pod: string, port: number, path: string, timeoutMs?: number) => Promise<string>;
  /** An answer of the admin interface of the pod's proxy. */
  readonly admin: (pod: string, path: string) => Promise<string>;
  /** What the kernel says about a container's program. */
  readonly usage: (pod: string, container: string) => Promise<ProcessUsage>;
  /** Polls until it holds. */
  readonly until: (what: string, holds: () => Promise<boolean>) => Promise<void>;
}

export interface PlaygroundWorldOptions {
  /** Files of the mesh by name, run as pods and services. */
  readonly files: ReadonlyMap<string, string>;
  /** Files that only the mesh reads: services and pods that exist on paper. */
  readonly onPaper?: ReadonlyMap<string, string>;
  readonly cleanup: Cleanup;
}

const settleMsMax = 120_000;
const pollMs = 50;
const image = join(import.meta.dirname, 'image');

/** Starts it and waits until all pods are ready; the cleanup ends it. */
export async function startPlaygroundWorld(
  options: PlaygroundWorldOptions,
): Promise<PlaygroundWorld> {
  const home = mkdtempSync(join(tmpdir(), 'osm-bench-data-plane-'));
  await options.cleanup.add(() => {
    rmSync(home, { recursive: true, force: true });
    return Promise.resolve();
  });
  const directory = writeFiles(join(home, 'mesh'), options.files);
  const onPaper = writeFiles(join(home, 'paper'), options.onPaper ?? new Map());
  cpSync(image, join(home, 'image'), { recursive: true });
  const said: string[] = [];
  const playground = await Playground.start({
    directory,
    stateDirectory: join(home, 'state'),
    binaries: await ensureBinaries(),
    images: new Map([['bench/load', join(home, 'image')]]),
    flags: { 'catalog-watcher': ['--directory', onPaper] },
    report: (line) => said.push(line),
  });
  await options.cleanup.add(() => playground.close());
  if (!(await playground.settled(settleMsMax)))
    throw new MeshError('io', `pods are not ready after ${settleMsMax} ms: ${said.join('; ')}`);
  return { ...questions(playground), until };
}

function writeFiles(directory: string, files: ReadonlyMap<string, string>): string {
  mkdirSync(directory, { recursive: true });
  for (const [name, text] of files) writeFileSync(join(directory, name), text);
  return directory;
}

function questions(playground: Playground): Omit<PlaygroundWorld, 'until'> {
  const instanceOf = (title: string) => {
    const pod = playground.pods.find(
      ({ blueprint }) => `${blueprint.namespace}/${blueprint.owner}` === title,
    );
    if (pod?.instance === undefined) throw new MeshError('not_found', `no pod of ${title} runs`);
    return pod.instance;
  };
  const ask: PlaygroundWorld['ask'] = async (pod, port, path, timeoutMs) => {
    const { pid } = instanceOf(pod);
    if (pid === undefined) throw new MeshError('not_found', `${pod} does not run`);
    const { status, body } = await playground.dialer.http(pid, {
      port,
      path,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    });
    if (status !== 200) throw new MeshError('io', `${pod}${path}: ${status} ${body}`);
    return body;
  };
  return {
    ask,
    admin: (pod, path) => ask(pod, 15000, path),
    usage: async (pod, container) => {
      const pid = instanceOf(pod).containers.get(container)?.pid;
      if (pid === undefined) throw new MeshError('not_found', `no ${container} in ${pod}`);
      return readUsage(pid);
    },
  };
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + settleMsMax;
  while (!(await holds())) {
    if (performance.now() > deadline)
      throw new MeshError('io', `not within ${settleMsMax} ms: ${what}`);
    await sleep(pollMs);
  }
}
