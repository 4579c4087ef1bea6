import { parseArgs } from 'node:util';
import { err, ok, type Result } from '@osm/prelude';

/** What can be measured. The cold start always is: everything else needs connected proxies. */
export const scenarioNames = [
  'weight-flip',
  'endpoint-removed',
  'endpoint-added',
  'target-removed',
  'target-added',
  'everybody',
  'sustained',
  'memory',
  'permissive',
] as const;

export type ScenarioName = (typeof scenarioNames)[number];

export interface Options {
  readonly services: number;
  readonly replicas: number;
  readonly callers: number;
  readonly mode: 'smi' | 'permissive';
  readonly scenarios: ReadonlySet<ScenarioName>;
  readonly repetitions: number;
  readonly durationSeconds: number;
  readonly changesPerSecond: number;
  readonly idleSeconds: number;
  readonly seed: number;
  /** File for the JSON; undefined = none. */
  readonly out: string | undefined;
  /** Directory with `<service>/main.js`. */
  readonly bundles: string;
  /** Directory for cpu profiles of all processes; undefined = none. */
  readonly profile: string | undefined;
}

interface Setting {
  readonly value: string;
  readonly help: string;
}

const settings = {
  services: { value: '500', help: 'services in the mesh (at least 8)' },
  replicas: { value: '2', help: 'pods, and so proxies, per service' },
  callers: { value: '5', help: 'services that may call each service' },
  mode: { value: 'smi', help: 'smi or permissive' },
  scenarios: {
    value: 'all',
    help: `comma separated, "all" or "none": ${scenarioNames.join(', ')}`,
  },
  repetitions: { value: '50', help: 'changes of each kind' },
  duration: { value: '60', help: 'seconds of sustained changes' },
  rate: { value: '10', help: 'sustained changes per second' },
  idle: { value: '30', help: 'seconds without a push before memory is read' },
  seed: { value: '1', help: 'the same seed gives the same mesh' },
  out: { value: '', help: 'file to write the figures to, as JSON' },
  bundles: { value: 'dist/apps', help: "directory of the services' bundles (npm run build)" },
  profile: { value: '', help: 'directory for cpu profiles of all processes (slows them down)' },
} as const satisfies Readonly<Record<string, Setting>>;

type Name = keyof typeof settings;

/** The text of --help. */
export function describeOptions(): string {
  const rows = Object.entries<Setting>(settings).map(
    ([name, { value, help }]) =>
      `  --${name.padEnd(12)} ${help}${value === '' ? '' : ` (default ${value})`}`,
  );
  return [
    'Measures the mesh with generated services and fake proxies on this machine (docs/performance.md).',
    '',
    'Usage: npm run bench -- [options]',
    '',
    ...rows,
    '  --help         this text',
    '',
    'A look in a few seconds: npm run bench -- --services 20 --scenarios weight-flip,endpoint-removed',
    '',
  ].join('\n');
}

/** `help`, or the options; the error says which one is wrong and how. */
export function parseOptions(argv: readonly string[]): Result<Options | 'help', string> {
  let given: Record<string, unknown>;
  try {
    given = parseArgs({
      args: [...argv],
      options: {
        ...Object.fromEntries(
          Object.keys(settings).map((name) => [name, { type: 'string' as const }]),
        ),
        help: { type: 'boolean' as const },
      },
      strict: true,
    }).values as Record<string, unknown>;
  } catch (thrown) {
    return err(thrown instanceof Error ? thrown.message : String(thrown));
  }
  if (given['help'] === true) return ok('help');
  const text = (name: Name): string => {
    const value = given[name];
    return typeof value === 'string' ? value : settings[name].value;
  };
  const problems: string[] = [];
  const number = (name: Name, least: number): number => {
    const value = Number(text(name));
    if (!Number.isInteger(value) || value < least)
      problems.push(`--${name} "${text(name)}" must be a whole number of at least ${least}`);
    return value;
  };
  const scenarios = parseScenarios(text('scenarios'));
  if (scenarios.kind === 'error') problems.push(scenarios.error);
  const mode = text('mode');
  if (mode !== 'smi' && mode !== 'permissive')
    problems.push(`--mode "${mode}" must be smi or permissive`);
  const options: Options = {
    services: number('services', 8),
    replicas: number('replicas', 1),
    callers: number('callers', 1),
    mode: mode === 'permissive' ? 'permissive' : 'smi',
    scenarios: scenarios.kind === 'ok' ? scenarios.value : new Set(),
    repetitions: number('repetitions', 1),
    durationSeconds: number('duration', 1),
    changesPerSecond: number('rate', 1),
    idleSeconds: number('idle', 0),
    seed: number('seed', 0),
    out: text('out') || undefined,
    bundles: text('bundles'),
    profile: text('profile') || undefined,
  };
  return problems.length > 0 ? err(problems.join('\n')) : ok(options);
}

function parseScenarios(text: string): Result<ReadonlySet<ScenarioName>, string> {
  if (text === 'all') return ok(new Set(scenarioNames));
  if (text === 'none') return ok(new Set());
  const chosen = new Set<ScenarioName>();
  for (const part of text.split(',')) {
    const found = scenarioNames.find((name) => name === part.trim());
    if (found === undefined)
      return err(`--scenarios "${part}" is none of ${scenarioNames.join(', ')}`);
    chosen.add(found);
  }
  return ok(chosen);
}
