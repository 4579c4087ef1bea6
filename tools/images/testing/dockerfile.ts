/** One stage of a Dockerfile, as far as an image shows it. */
export interface DockerStage {
  readonly name: string;
  readonly base: string;
  readonly run: readonly string[];
  /** `FROM-STAGE:SOURCE` to target. */
  readonly copies: readonly { readonly from: string; readonly to: string }[];
  readonly config: {
    readonly user: string;
    readonly workdir: string;
    readonly entrypoint: readonly string[];
    readonly environment: Readonly<Record<string, string>>;
    readonly labels: Readonly<Record<string, string>>;
  };
}

interface Instruction {
  readonly keyword: string;
  readonly rest: string;
}

/** Reads the part of the language that ours uses; anything else is an error, so that nothing in it goes unseen. */
export function parseDockerfile(
  text: string,
  given: Readonly<Record<string, string>>,
): readonly DockerStage[] {
  const defaults: Record<string, string> = {};
  const stages: Instruction[][] = [];
  for (const instruction of instructionsOf(text)) {
    if (instruction.keyword === 'FROM') stages.push([instruction]);
    else if (stages.length > 0) stages.at(-1)?.push(instruction);
    else if (instruction.keyword === 'ARG') Object.assign(defaults, pair(instruction.rest));
    else throw new Error(`${instruction.keyword} before the first FROM`);
  }
  return stages.map((instructions) => readStage(instructions, { ...defaults, ...given }));
}

function readStage(
  instructions: readonly Instruction[],
  args: Readonly<Record<string, string>>,
): DockerStage {
  const run: string[] = [];
  const copies: { readonly from: string; readonly to: string }[] = [];
  const environment: Record<string, string> = {};
  const labels: Record<string, string> = {};
  let [name, base, user, workdir] = ['', '', '', ''];
  let entrypoint: readonly string[] = [];
  for (const { keyword, rest } of instructions) {
    const text = rest.replaceAll(/\$\{(\w+)\}/g, (_, variable: string) => args[variable] ?? '');
    switch (keyword) {
      case 'FROM':
        [base = '', , name = ''] = text.split(' ');
        break;
      case 'ARG':
        break;
      case 'RUN':
        run.push(text);
        break;
      case 'COPY': {
        const [, stage = 'context', from = '', to = ''] =
          /^(?:--from=(\S+) )?(\S+) (\S+)$/.exec(text) ?? [];
        copies.push({ from: `${stage}:${from}`, to });
        break;
      }
      case 'ENV':
        text.split(' ').forEach((each) => Object.assign(environment, pair(each)));
        break;
      case 'LABEL':
        Object.assign(labels, pair(text));
        break;
      case 'WORKDIR':
        workdir = text;
        break;
      case 'USER':
        user = text;
        break;
      case 'ENTRYPOINT':
        entrypoint = JSON.parse(text) as readonly string[];
        break;
      default:
        throw new Error(`instruction ${keyword} is not known here`);
    }
  }
  return { name, base, run, copies, config: { user, workdir, entrypoint, environment, labels } };
}

function instructionsOf(text: string): readonly Instruction[] {
  return text
    .replaceAll('\\\n', ' ')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [keyword = '', ...rest] = line.split(' ');
      return { keyword, rest: rest.join(' ') };
    });
}

function pair(text: string): Readonly<Record<string, string>> {
  const [name = '', ...value] = text.split('=');
  return { [name]: value.join('=') };
}
