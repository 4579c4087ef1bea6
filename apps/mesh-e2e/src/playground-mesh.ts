import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ensureBinaries, Playground } from '@osm/playground';

const here = resolve(import.meta.dirname, '..');

/** A running playground on a copy of one of this project's meshes, for one test file. */
export interface TestMesh {
  readonly playground: Playground;
  /** The copy, to be edited. */
  readonly directory: string;
  /** All that the first container of a pod of the Deployment has printed, parsed as JSON lines. */
  readonly lines: (deployment: string) => readonly Record<string, unknown>[];
  readonly close: () => Promise<void>;
}

/** Starts the mesh in `meshes/<name>` with so many replicas of each service and waits until all pods are ready. */
export async function startTestMesh(name: string, replicas: number): Promise<TestMesh> {
  const home = mkdtempSync(join(tmpdir(), `osm-e2e-${name}-`));
  const directory = join(home, 'mesh');
  cpSync(join(here, 'meshes', name), directory, { recursive: true });
  const said: string[] = [];
  const playground = await Playground.start({
    directory,
    stateDirectory: join(home, 'state'),
    binaries: await ensureBinaries(),
    images: new Map([['e2e/load', join(here, 'images/load')]]),
    replicas,
    report: (line) => said.push(line),
  });
  const close = async (): Promise<void> => {
    await playground.close();
    rmSync(home, { recursive: true, force: true });
  };
  if (!(await playground.settled(60_000))) {
    const pods = playground.pods.map((pod) => `${pod.title}: ${pod.view().reason || 'ready'}`);
    await close();
    throw new Error(`pods are not ready:\n${[...pods, ...said].join('\n')}`);
  }
  return { playground, directory, close, lines: (deployment) => readLines(playground, deployment) };
}

function readLines(playground: Playground, deployment: string): Record<string, unknown>[] {
  const pod = playground.pods.find(({ blueprint }) => blueprint.name.startsWith(`${deployment}-`));
  const log = pod?.view().containers.find(({ name }) => name === 'app')?.logPath;
  if (log === undefined) throw new Error(`no pod of ${deployment}`);
  return readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
