import { parseArgs } from 'node:util';
import { err, ok, type Result } from '@osm/prelude';
import type { MeshMode } from './paper-mesh.ts';

/** What can be measured. */
const partNames = ['traffic', 'memory'] as const;
export type PartName = (typeof partNames)[number];

export interface DataPlaneOptions {
  readonly parts: readonly PartName[];
  readonly modes: readonly MeshMode[];
  /** Requests per second. */
  readonly rates: readonly number[];
  readonly rounds: number;
  /** Of one measurement; a round has three. */
  readonly seconds: number;
  /** Reachable services. */
  readonly sizes: readonly number[];
  readonly idleSeconds: number;
  readonly output: 'markdown' | 'json';
}

interface Setting {
  readonly value: string;
  readonly help: string;
  readonly short?: string;
}

const settings: Readonly<Record<string, Setting>> = {
  parts: { value: 'traffic,memory', help: 'what to measure' },
  modes: { value: 'smi,permissive', help: 'how the mesh decides who may call whom' },
  rates: { value: '100,1000', help: 'requests per second' },
  rounds: { value: '5', help: 'rounds of each rate: without sidecars, with, without again' },
  seconds: { value: '10', help: 'of one measurement' },
  sizes: { value: '20,200,2000', help: 'services that a sidecar may reach' },
  idle: { value: '10', help: 'seconds without a change before memory is read' },
  output: { value: 'markdown', help: 'markdown or json', short: 'o' },
};

/** The text of --help. */
export function describeOptions(): string {
  const rows = Object.entries(settings).map(([name, { value, help, short }]) => {
    const flag = `${short === undefined ? '    ' : `-${short}, `}--${name}`;
    return `  ${flag.padEnd(16)} ${help} (default ${value})`;
  });
  return [
    'Measures what sidecars cost: latency, processor time, memory; with real Envoys in the playground (docs/performance.md).',
    '',
    'Usage: npm run bench:data-plane -- [options]',
    '',
    ...rows,
    `  ${'    --help'.padEnd(16)} this text`,
    '',
    'A look in a minute: npm run bench:data-plane -- --modes smi --rounds 1 --seconds 4 --sizes 20',
    '',
  ].join('\n');
}

/** `help`, or the options; the error says which one is wrong and how. */
export function parseOptions(argv: readonly string[]): Result<DataPlaneOptions | 'help', string> {
  let given: Readonly<Record<string, unknown>>;
  try {
    const strings = Object.entries(settings).map(([name, { short }]) => [
      name,
      { type: 'string' as const, ...(short === undefined ? {} : { short }) },
    ]);
    const options = { ...Object.fromEntries(strings), help: { type: 'boolean' as const } };
    given = parseArgs({ args: [...argv], options, strict: true }).values;
  } catch (thrown) {
    return err(thrown instanceof Error ? thrown.message : String(thrown));
  }
  if (given['help'] === true) return ok('help');
  const problems: string[] = [];
  const text = (name: string): string => String(given[name] ?? settings[name]?.value ?? '');
  const words = <T extends string>(name: string, known: readonly T[]): readonly T[] =>
    text(name)
      .split(',')
      .flatMap((word) => {
        const found = known.find((one) => one === word.trim());
        if (found === undefined)
          problems.push(`--${name}: "${word}" is none of ${known.join(', ')}`);
        return found === undefined ? [] : [found];
      });
  const numbers = (name: string, least: number): readonly number[] =>
    text(name)
      .split(',')
      .map((word) => {
        const value = Number(word);
        if (word.trim() === '' || !Number.isInteger(value) || value < least)
          problems.push(`--${name}: "${word}" must be a whole number of at least ${least}`);
        return value;
      });
  const number = (name: string, least: number): number => {
    const [value = 0, ...others] = numbers(name, least);
    if (others.length > 0) problems.push(`--${name}: one number only`);
    return value;
  };
  const options: DataPlaneOptions = {
    parts: words('parts', partNames),
    modes: words('modes', ['smi', 'permissive'] as const),
    rates: numbers('rates', 1),
    rounds: number('rounds', 1),
    seconds: number('seconds', 1),
    // The generated mesh needs eight services to be one.
    sizes: numbers('sizes', 8),
    idleSeconds: number('idle', 0),
    output: words('output', ['markdown', 'json'] as const)[0] ?? 'markdown',
  };
  return problems.length > 0 ? err(problems.join('\n')) : ok(options);
}
