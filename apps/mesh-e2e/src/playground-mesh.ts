import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ensureBinaries, Playground, type PlaygroundOptions } from '@osm/playground';

const here = resolve(import.meta.dirname, '..');

/** A running playground on a copy of one of this project's meshes, for one test file. */
export interface TestMesh {
  readonly playground: Playground;
  /** Changes the manifests, in one step. */
  readonly edit: (change: (text: string) => string) => void;
  /** Requests that a pod of the Deployment (image e2e/load, mode call) has sent. */
  readonly sent: (deployment: string) => number;
  /** Its requests since then that were not answered 200. */
  readonly failures: (deployment: string, sinceMs: number) => readonly unknown[];
  /** The latest outcome that a pod of the Deployment (mode probe) has seen, and when it first did. */
  readonly outcome: (deployment: string) => { readonly at: number; readonly outcome: string };
  /** An answer of the admin interface of its proxy. */
  readonly admin: (deployment: string, path: string) => Promise<string>;
  readonly close: () => Promise<void>;
}

/**
 * Starts the mesh in `meshes/<name>` with so many replicas of each service and waits until all pods are ready. Besides e2e/load,
 * containers may use these images.
 */
export async function startTestMesh(
  name: string,
  replicas: number,
  flags: NonNullable<PlaygroundOptions['flags']> = {},
  images: NonNullable<PlaygroundOptions['images']> = new Map(),
): Promise<TestMesh> {
  const home = mkdtempSync(join(tmpdir(), `osm-e2e-${name}-`));
  const directory = join(home, 'mesh');
  cpSync(join(here, 'meshes', name), directory, { recursive: true });
  const said: string[] = [];
  const playground = await Playground.start({
    directory,
    stateDirectory: join(home, 'state'),
    binaries: await ensureBinaries(),
    images: new Map([['e2e/load', join(here, 'images/load')], ...images]),
    replicas,
    flags,
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
  return {
    playground,
    close,
    ...questions(playground),
    edit: editor(join(directory, 'mesh.yaml')),
  };
}

function editor(file: string): TestMesh['edit'] {
  return (change) => {
    writeFileSync(`${file}.new`, change(readFileSync(file, 'utf8')));
    renameSync(`${file}.new`, file);
  };
}

function questions(playground: Playground): Omit<TestMesh, 'playground' | 'close' | 'edit'> {
  const podOf = (deployment: string): Playground['pods'][number] => {
    const pod = playground.pods.find(({ blueprint }) => blueprint.owner === deployment);
    if (pod === undefined) throw new Error(`no pod of ${deployment}`);
    return pod;
  };
  const lines = (deployment: string): readonly Record<string, unknown>[] => {
    const app = podOf(deployment)
      .view()
      .containers.find((container) => container.name === 'app');
    if (app === undefined) throw new Error(`${deployment} has no container app yet`);
    return readFileSync(app.logPath, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  };
  return {
    sent: (deployment) =>
      lines(deployment).reduce((sum, line) => sum + Number(line['sent'] ?? 0), 0),
    failures: (deployment, sinceMs) =>
      lines(deployment).filter(
        (line) => line['failed'] !== undefined && Number(line['at']) >= sinceMs,
      ),
    outcome: (deployment) => {
      const last = lines(deployment).at(-1);
      return { at: Number(last?.['at'] ?? 0), outcome: String(last?.['outcome'] ?? 'none') };
    },
    admin: async (deployment, path) => {
      const pid = podOf(deployment).instance?.pid;
      if (pid === undefined) throw new Error(`${deployment} does not run`);
      return (await playground.dialer.http(pid, { port: 15000, path })).body;
    },
  };
}
