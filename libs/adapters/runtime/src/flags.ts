import { parseArgs } from 'node:util';
import { err, ok, type Result } from '@osm/prelude';

/** One setting: `--name` on the command line, else the environment variable OSM_NAME, else the default. */
export interface FlagSpec<T> {
  readonly describe: string;
  readonly placeholder: string;
  /** Shown in --help; undefined = required. */
  readonly defaultText: string | undefined;
  readonly parse: (text: string) => Result<T, string>;
  readonly repeated: boolean;
}

/** The flags of a program by their camelCase names. */
export type FlagSet = Readonly<Record<string, FlagSpec<unknown>>>;

/** The config that a set of flags makes: camelCase names, parsed values. */
export type ConfigOf<F extends FlagSet> = {
  readonly [K in keyof F]: F[K] extends FlagSpec<infer T> ? T : never;
};

interface FlagOptions {
  readonly default?: string;
  readonly placeholder?: string;
}

function make<T>(
  describe: string,
  parse: (text: string) => Result<T, string>,
  placeholder: string,
  options: FlagOptions = {},
): FlagSpec<T> {
  return {
    describe,
    parse,
    placeholder: options.placeholder ?? placeholder,
    defaultText: options.default,
    repeated: false,
  };
}

const duration = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/;
const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Constructors of settings. Every one may have a default as text; without one the setting is required. */
export const flag = {
  text: (describe: string, options?: FlagOptions) => make(describe, ok, 'TEXT', options),
  /** A repeated flag, or a comma-separated environment variable. */
  texts: (describe: string, options?: FlagOptions): FlagSpec<readonly string[]> => ({
    ...make(
      describe,
      (text) => ok(text.split(',').filter((item) => item !== '')),
      'TEXT[,TEXT...]',
      options,
    ),
    repeated: true,
  }),
  port: (describe: string, options?: FlagOptions) =>
    make(
      describe,
      (text) => {
        const port = Number(text);
        return Number.isInteger(port) && port >= 0 && port <= 65535
          ? ok(port)
          : err('must be a port, 0 to 65535 (0 = any free one)');
      },
      'PORT',
      options,
    ),
  integer: (describe: string, options?: FlagOptions) =>
    make(
      describe,
      (text) => (/^\d+$/.test(text) ? ok(Number(text)) : err('must be a whole number')),
      'N',
      options,
    ),
  /** `500ms`, `30s`, `10m`, `24h`; the value is in milliseconds. */
  durationMs: (describe: string, options?: FlagOptions) =>
    make(
      describe,
      (text): Result<number, string> => {
        const match = duration.exec(text);
        return match
          ? ok(Number(match[1]) * (unitMs[match[2] ?? ''] ?? 0))
          : err('must be a duration such as 500ms, 30s, 10m or 24h');
      },
      'DURATION',
      options,
    ),
  boolean: (describe: string, options?: FlagOptions) =>
    make(
      describe,
      (text): Result<boolean, string> =>
        text === 'true' || text === 'false' ? ok(text === 'true') : err('must be true or false'),
      'true|false',
      options,
    ),
  choice: <T extends string>(describe: string, choices: readonly T[], options?: FlagOptions) =>
    make(
      describe,
      (text): Result<T, string> => {
        const found = choices.find((choice) => choice === text);
        return found === undefined ? err(`must be one of ${choices.join(', ')}`) : ok(found);
      },
      choices.join('|'),
      options,
    ),
};

/** Flags of the bus, the same in every service. Empty texts mean none. */
export const busFlags = {
  natsUrl: flag.text('NATS servers of the mesh; tls:// unless they are on this machine', {
    default: 'nats://127.0.0.1:4222',
    placeholder: 'URL[,URL...]',
  }),
  natsCredentials: flag.text("File with this service's nkey seed", {
    default: '',
    placeholder: 'FILE',
  }),
  natsReplicas: flag.choice('Servers of a NATS cluster that keep each bucket', ['1', '3', '5'], {
    default: '1',
  }),
  natsCa: flag.text('PEM file of who signed the certificate of tls:// servers', {
    default: '',
    placeholder: 'FILE',
  }),
  natsPlaintext: flag.boolean('nats:// may lead to other machines: where nobody else listens', {
    default: 'false',
  }),
};

function flagName(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function environmentName(key: string): string {
  return `OSM_${flagName(key).replaceAll('-', '_').toUpperCase()}`;
}

/** The text of --help. */
export function describeFlags(program: string, summary: string, flags: FlagSet): string {
  const rows = Object.entries(flags).map(([key, spec]) => {
    const origin =
      spec.defaultText === undefined ? 'required' : `default ${spec.defaultText || '""'}`;
    return `  --${flagName(key)} ${spec.placeholder}\n      ${spec.describe} (${environmentName(key)}; ${origin})`;
  });
  return `${program}: ${summary}\n\nUsage: ${program} [flags]\n\n${rows.join('\n')}\n  --help\n      This text.\n`;
}

export type ParsedFlags<F extends FlagSet> =
  { readonly kind: 'help' } | { readonly kind: 'config'; readonly config: ConfigOf<F> };

/** Reads flags and environment. The error lists everything that is wrong, one line each, with the flag's name. */
export function parseFlags<F extends FlagSet>(
  flags: F,
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Result<ParsedFlags<F>, string> {
  const options = Object.fromEntries(
    Object.entries(flags).map(([key, spec]) => [
      flagName(key),
      { type: 'string' as const, multiple: spec.repeated },
    ]),
  );
  let values: Record<string, unknown>;
  try {
    const parsed = parseArgs({
      args: [...argv],
      options: { ...options, help: { type: 'boolean' as const } },
      strict: true,
    });
    values = parsed.values as Record<string, unknown>;
  } catch (thrown) {
    return err(thrown instanceof Error ? thrown.message : String(thrown));
  }
  if (values['help'] === true) return ok({ kind: 'help' });
  const config: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [key, spec] of Object.entries(flags)) {
    const given = values[flagName(key)];
    const text = Array.isArray(given)
      ? given.join(',')
      : typeof given === 'string'
        ? given
        : (env[environmentName(key)] ?? spec.defaultText);
    if (text === undefined) {
      problems.push(`--${flagName(key)} (or ${environmentName(key)}) is required`);
      continue;
    }
    const result = spec.parse(text);
    if (result.kind === 'error') problems.push(`--${flagName(key)} "${text}": ${result.error}`);
    else config[key] = result.value;
  }
  if (problems.length > 0) return err(problems.join('\n'));
  return ok({ kind: 'config', config: config as ConfigOf<F> });
}
