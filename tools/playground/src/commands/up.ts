import { existsSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { MeshError } from '@osm/prelude';
import { ensureBinaries, needsInstallation, type Binaries } from '../binaries.ts';
import { buildServices } from '../mesh/build-services.ts';
import { watchDiagnostics } from '../mesh/diagnostics.ts';
import { openServices } from '../mesh/open-services.ts';
import { ControlServer } from '../control/control-server.ts';
import { onParentGone } from '../parent.ts';
import type { ExistingNats } from '../mesh/mesh-services.ts';
import { Playground, type PlaygroundOptions } from '../playground.ts';
import { missingPrerequisites } from '../prerequisites.ts';
import { readFacts } from '../privilege/facts.ts';
import { isPrepared } from '../privilege/handover.ts';
import { runAgain } from '../privilege/run-again.ts';
import { chooseWay, describeWay } from '../privilege/way.ts';
import { claimStateDirectory, removeStateDirectory } from '../state-directory.ts';
import { parseCommandLine, placeOptions, UsageError, type Command } from './command.ts';
import { placeOf } from './place.ts';

export const upCommand: Command = {
  name: 'up',
  usage: 'DIR [--image NAME=DIR]...',
  summary:
    'run the manifests of a directory, and follow changes of its files, until Ctrl-C or "down"',
  help: `  --image NAME=DIR  containers with image NAME see DIR as /app and run its entrypoint.json (a JSON array) with
                    their args, when the manifest gives no command; can be repeated
  --replicas N      processes of each of the mesh's own services (default 1)
  --nats-url URL    use a NATS that is there (several servers: a comma between) instead of starting one
  --nats-credentials DIR, --nats-ca FILE, --nats-replicas N
                    for it: <service>.nkey files, who signed its certificate, servers that keep each bucket
  --name NAME       name of this playground, to run several (default: default)
  --state-dir DIR   where its state is kept while it runs (default: .osm/playground/NAME)

DIR holds Namespaces, ServiceAccounts, Services, Deployments, StatefulSets, Pods, ConfigMaps, Secrets and policies as YAML.
A container runs the command of its manifest on this machine: its file system is this machine's, with changes of its own
that vanish with the pod. Namespaces without the label openservicemesh.io/monitored-by run without sidecars.`,
  async run(args) {
    const options = {
      ...placeOptions,
      image: { type: 'string', multiple: true },
      replicas: { type: 'string' },
      'nats-url': { type: 'string' },
      'nats-credentials': { type: 'string' },
      'nats-ca': { type: 'string' },
      'nats-replicas': { type: 'string' },
    } as const;
    const parsed = parseCommandLine(args, options, { min: 1, max: 1, what: 'DIR' });
    const directory = resolve(parsed.positionals[0] ?? '');
    const images = parseImages(parsed.texts('image'));
    const replicas = parseReplicas(parsed.text('replicas'));
    if (!existsSync(directory))
      throw new MeshError(
        'not_found',
        `${directory} does not exist: up wants a directory of manifests`,
      );
    const nats = existingNats((name) => parsed.text(name));
    if (!statSync(directory).isDirectory())
      throw new MeshError(
        'invalid_config',
        `${directory} is no directory: up wants one of manifests`,
      );
    const stateDirectory = placeOf(parsed);
    const prepared = await prepare(stateDirectory);
    if (typeof prepared === 'number') return prepared;
    const end = endOfRun();
    say('starting NATS and the services ...');
    const playground = await startUnlessEnded(end, {
      directory,
      stateDirectory,
      binaries: prepared,
      images,
      replicas,
      ...(nats === undefined ? {} : { nats }),
      report: say,
      onEvent: say,
    });
    return playground === undefined ? 130 : serve(playground, end);
  },
};

/** The NATS that the flags name, if they do. */
function existingNats(text: (name: NatsFlag) => string | undefined): ExistingNats | undefined {
  const url = text('nats-url');
  const [credentials, ca, replicas] = [
    text('nats-credentials'),
    text('nats-ca'),
    text('nats-replicas'),
  ];
  if (url === undefined) {
    if ((credentials ?? ca ?? replicas) === undefined) return undefined;
    throw new UsageError('--nats-credentials, --nats-ca and --nats-replicas go with --nats-url.');
  }
  return {
    url,
    flags: (service) => [
      ...(url.startsWith('tls:') ? [] : ['--nats-plaintext', 'true']),
      ...(credentials === undefined
        ? []
        : ['--nats-credentials', resolve(credentials, `${service}.nkey`)]),
      ...(ca === undefined ? [] : ['--nats-ca', resolve(ca)]),
      ...(replicas === undefined ? [] : ['--nats-replicas', replicas]),
    ],
  };
}

type NatsFlag = 'nats-url' | 'nats-credentials' | 'nats-ca' | 'nats-replicas';

/**
 * What has to be there before anything starts: programs, the built services, and a place in which pods can be made. A number is an
 * exit status: the work was done by a second half of this program, or cannot be. The state directory, when one is given, is claimed
 * first, so that a second playground of the name is refused before it builds anything.
 */
export async function prepare(stateDirectory?: string): Promise<Binaries | number> {
  const missing = missingPrerequisites({ needsVenv: needsInstallation() });
  if (missing.length > 0) {
    process.stderr.write(`${missing.join('\n')}\n`);
    return 1;
  }
  if (isPrepared()) return ensureBinaries({ report: say });
  const way = chooseWay(readFacts());
  if (way.kind === 'not at all') {
    process.stderr.write(`${way.message}\n`);
    return 1;
  }
  if (stateDirectory !== undefined) claimStateDirectory(stateDirectory);
  const stopWatching = onParentGone(() => process.exit(1));
  try {
    const binaries = await ensureBinaries({ report: say });
    await buildServices(say);
    if (way.kind === 'as root') return binaries;
    say(`running ${describeWay(way)}`);
  } catch (thrown) {
    if (stateDirectory !== undefined) removeStateDirectory(stateDirectory);
    throw thrown;
  } finally {
    stopWatching();
  }
  return runAgain(way, stateDirectory === undefined ? {} : { claimed: stateDirectory });
}

async function serve(playground: Playground, end: EndOfRun): Promise<number> {
  const control = await ControlServer.start(playground, () => end.now('down'));
  const diagnostics = watchDiagnostics(playground, say);
  const opened = await openServices(playground);
  const services = opened.services.map(({ name, url }) => `${name} ${url}`);
  say(
    `running ${relative(process.cwd(), playground.directory) || '.'}; Ctrl-C ends it. Services: ${services.join(', ')}`,
  );
  say(
    'look at it with: npm run playground -- pods | exec NS/POD -- CMD | logs NS/POD [-c envoy] | config NS/POD',
  );
  const reason = await end.reason;
  say(`ending (${reason}) ...`);
  diagnostics.stop();
  control.close();
  await playground.close();
  return 0;
}

/** Starts a playground; undefined when the run is to end before it has started. Then the kernel ends what was started, with this process. */
export async function startUnlessEnded(
  end: EndOfRun,
  options: PlaygroundOptions,
): Promise<Playground | undefined> {
  const playground = await Promise.race([
    Playground.start(options),
    end.reason.then(() => undefined),
  ]);
  if (playground === undefined) removeStateDirectory(options.stateDirectory);
  return playground;
}

export interface EndOfRun {
  /** Resolves once with why the run should end. */
  readonly reason: Promise<string>;
  readonly now: (reason: string) => void;
}

/** Listens for everything that should end the run. A second Ctrl-C ends the process at once, and the kernel cleans up. */
export function endOfRun(): EndOfRun {
  let tell: (reason: string) => void = () => undefined;
  const reason = new Promise<string>((resolvePromise) => (tell = resolvePromise));
  let isAsked = false;
  const now = (why: string): void => {
    if (isAsked && why === 'SIGINT') process.exit(130);
    isAsked = true;
    tell(why);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => now(signal));
  // Nobody reads any more: go on would only be found out much later.
  process.stdout.on('error', () => now('output closed'));
  onParentGone(() => now('its parent process is gone'));
  return { reason, now };
}

function parseImages(texts: readonly string[]): Map<string, string> {
  return new Map(
    texts.map((text) => {
      const at = text.indexOf('=');
      if (at <= 0) throw new UsageError(`--image ${text}: write NAME=DIR.`);
      const directory = resolve(text.slice(at + 1));
      if (!existsSync(join(directory, '.')))
        throw new UsageError(`--image ${text}: ${directory} is not a directory.`);
      return [text.slice(0, at), directory];
    }),
  );
}

function parseReplicas(text: string | undefined): number {
  const replicas = Number(text ?? 1);
  if (!Number.isInteger(replicas) || replicas < 1 || replicas > 9)
    throw new UsageError('--replicas: a number from 1 to 9.');
  return replicas;
}

export function say(message: string): void {
  const time = new Date().toTimeString().slice(0, 8);
  process.stdout.write(`${time} ${message}\n`);
}
