import { createServer, type IncomingMessage, type Server } from 'node:http';
import { MeshError } from '@osm/prelude';
import { shortSocketPath } from '../network/unix-socket.ts';
import type { Playground } from '../playground.ts';
import { joinFlags } from '../pods/container-process.ts';
import { joinCommand } from '../pods/container-command.ts';
import type { Container } from '../pods/pod-spec.ts';
import type { PodRunner } from '../pods/pod-runner.ts';
import { adminPort, sidecarName } from '../pods/sidecar.ts';
import { describeWay } from '../privilege/way.ts';
import { logParts } from '../process/log-file.ts';
import { outsideUser, readUserMap } from '../process/user-map.ts';
import { findPod } from './pod-reference.ts';
import {
  socketName,
  type About,
  type ExecAnswer,
  type ExecPlan,
  type PodSummary,
} from './protocol.ts';

/** Answers the commands (`pods`, `exec`, ...) of other processes, as HTTP over a unix socket in the state directory. */
export class ControlServer {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(playground: Playground, onDown: () => void): Promise<ControlServer> {
    const server = createServer((request, response) => {
      void answer(playground, request, onDown)
        .catch((thrown: unknown) => ({ error: MeshError.from(thrown).message }))
        .then((body) => {
          const isError = typeof body === 'object' && 'error' in body;
          response.writeHead(isError ? 400 : 200, {
            'content-type': 'application/json',
            connection: 'close',
          });
          response.end(JSON.stringify(body));
        });
    });
    const socket = shortSocketPath(playground.stateDirectory, socketName);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(socket.path, resolve);
    });
    socket.release();
    return new ControlServer(server);
  }

  close(): void {
    this.#server.close();
  }
}

async function answer(
  playground: Playground,
  request: IncomingMessage,
  onDown: () => void,
): Promise<object> {
  const url = new URL(request.url ?? '/', 'http://playground');
  const reference = url.searchParams.get('pod') ?? '';
  const container = url.searchParams.get('container') ?? undefined;
  switch (url.pathname) {
    case '/pods':
      return { pods: summaries(playground) };
    case '/about':
      return about(playground);
    case '/exec': {
      const words = url.searchParams.getAll('word');
      const plan = execPlan(playground, pick(playground, reference), container, words);
      return { ...plan, runner: process.pid } satisfies ExecAnswer;
    }
    case '/logs':
      return { files: logFiles(playground, reference, container) };
    case '/config':
      return { text: await configDump(playground, pick(playground, reference)) };
    case '/down':
      onDown();
      return { pid: process.pid };
    default:
      throw new MeshError(
        'not_found',
        `${url.pathname} is unknown here: is this command of another version than the running playground?`,
      );
  }
}

function about(playground: Playground): About {
  const { pods, directory, isolation } = playground;
  const uid = outsideUser(readUserMap(), process.getuid?.() ?? 0);
  return {
    pid: process.pid,
    directory,
    startedAt: Math.round(performance.timeOrigin),
    way: describeWay(
      isolation.isOneUser ? { kind: 'in user namespaces', uid } : { kind: 'as root' },
    ),
    pods: { ready: pods.filter((pod) => pod.ready).length, all: pods.length },
  };
}

/** The pods as `pods -o json` shows them. */
function summaries(playground: Playground): PodSummary[] {
  return playground.pods.map((pod) => {
    const view = pod.view();
    return {
      namespace: view.namespace,
      name: view.name,
      kind: view.workload.split('/')[0] ?? '',
      owner: view.owner,
      phase: view.phase,
      ready: view.ready,
      reason: view.reason,
      ip: view.ip,
      sidecar: view.isMeshed,
      serviceAccount: pod.instance?.spec.serviceAccount ?? '',
      labels: Object.fromEntries(view.labels),
      containers: view.containers.map(({ name, state, detail, restarts }) => ({
        name,
        state,
        detail,
        restarts,
      })),
    };
  });
}

function pick(playground: Playground, reference: string): PodRunner {
  const views = playground.pods.map((pod) => ({ ...pod.view(), pod }));
  const found = findPod(reference, views);
  if (found.kind === 'error') throw new MeshError('not_found', found.error);
  return found.value.pod;
}

/** The container that is meant: the one named, else the first of the pod's own. */
function pickContainer(pod: PodRunner, name: string | undefined): Container {
  const spec = pod.instance?.spec;
  if (spec === undefined)
    throw new MeshError('not_found', `pod ${pod.title} has not started: ${pod.view().reason}`);
  const all = [...spec.containers, ...spec.initContainers];
  const found =
    name === undefined
      ? (spec.containers.find((container) => container.name !== sidecarName) ?? all[0])
      : all.find((container) => container.name === name);
  if (found !== undefined) return found;
  throw new MeshError(
    'not_found',
    `pod ${pod.title} has no container ${name ?? ''}; it has ${all.map((container) => container.name).join(', ')}`,
  );
}

/** How to run a command in a pod's container. */
export function execPlan(
  playground: Playground,
  pod: PodRunner,
  name: string | undefined,
  words: readonly string[],
): ExecPlan {
  const container = pickContainer(pod, name);
  const process = pod.instance?.containers.get(container.name);
  const pid = process?.pid;
  if (pod.instance === undefined || pid === undefined) {
    const reason =
      pod.view().containers.find((view) => view.name === container.name)?.detail ||
      pod.view().reason;
    throw new MeshError(
      'not_found',
      `container ${container.name} of pod ${pod.title} does not run now: ${reason || 'it is starting'}`,
    );
  }
  const command = joinCommand(container, playground.images, words);
  // The command dies with who runs it, in the pod too.
  const inner = ['setpriv', '--pdeathsig', 'KILL', '--', command.program, ...command.args];
  return {
    program: 'setpriv',
    args: ['--pdeathsig', 'KILL', 'nsenter', ...joinFlags(pid), '--', ...inner],
    env: pod.instance.environment(container),
  };
}

function logFiles(playground: Playground, reference: string, name: string | undefined): string[] {
  const service = playground.services?.instances.find(
    (instance) => reference === `osm-system/${instance.name}`,
  );
  if (service !== undefined) return logParts(service.process.logPath);
  if (reference === 'osm-system/nats' && playground.services?.nats !== undefined)
    return logParts(playground.services.nats.logPath);
  const pod = pick(playground, reference);
  const container = pickContainer(pod, name);
  const view = pod.view().containers.find((candidate) => candidate.name === container.name);
  if (view === undefined)
    throw new MeshError(
      'not_found',
      `container ${container.name} of pod ${pod.title} has not started: ${pod.view().reason}`,
    );
  return logParts(view.logPath);
}

async function configDump(playground: Playground, pod: PodRunner): Promise<string> {
  const pid = pod.instance?.pid;
  if (!pod.view().isMeshed || pid === undefined) {
    throw new MeshError(
      'not_found',
      `pod ${pod.title} has no proxy${pod.view().ready ? '' : ` (${pod.view().reason})`}`,
    );
  }
  try {
    const path = '/config_dump?include_eds';
    return (await playground.dialer.http(pid, { port: adminPort, path })).body;
  } catch (thrown) {
    const detail = pod.view().containers.find(({ name }) => name === sidecarName)?.detail;
    throw new MeshError(
      'not_found',
      `the proxy of pod ${pod.title} does not answer: ${detail || pod.view().reason || MeshError.from(thrown).message}`,
    );
  }
}
