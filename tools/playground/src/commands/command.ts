import { parseArgs, type ParseArgsConfig } from 'node:util';
import { MeshError } from '@osm/prelude';

/** One command of the playground's command line. */
export interface Command {
  readonly name: string;
  /** Arguments in the usage line. */
  readonly usage: string;
  readonly summary: string;
  /** Text of the command's --help below the usage. */
  readonly help: string;
  /** Needs root; false for what only prints. */
  readonly run: (args: readonly string[]) => Promise<number>;
}

/** Wrong use of the command line: the message says how it is right. Exit status 2. */
export class UsageError extends Error {}

type Options = NonNullable<ParseArgsConfig['options']>;

export interface Parsed {
  readonly positionals: readonly string[];
  readonly text: (name: string) => string | undefined;
  readonly texts: (name: string) => readonly string[];
  readonly flag: (name: string) => boolean;
}

/** Options that every command has that talks to a running playground. */
export const placeOptions: Options = {
  name: { type: 'string', default: 'default' },
  'state-dir': { type: 'string' },
};

export const placeHelp = `  --name NAME       which playground (default: default)
  --state-dir DIR   its state directory (default: .osm/playground/NAME)`;

export function parseCommandLine(
  args: readonly string[],
  options: Options,
  positionals: { readonly min: number; readonly max: number; readonly what?: string },
): Parsed {
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (thrown) {
    throw new UsageError(MeshError.from(thrown).message);
  }
  const values = parsed.values as Record<
    string,
    string | boolean | (string | boolean)[] | undefined
  >;
  if (parsed.positionals.length < positionals.min)
    throw new UsageError(`${positionals.what ?? 'An argument'} is missing.`);
  if (parsed.positionals.length > positionals.max)
    throw new UsageError(
      `"${parsed.positionals[positionals.max] ?? ''}" is one argument too many.`,
    );
  const textOf = (name: string): string | undefined => {
    const value = values[name];
    return typeof value === 'string' ? value : undefined;
  };
  return {
    positionals: parsed.positionals,
    text: textOf,
    texts: (name) => {
      const value = values[name];
      return Array.isArray(value) ? value.map(String) : [];
    },
    flag: (name) => values[name] === true,
  };
}
