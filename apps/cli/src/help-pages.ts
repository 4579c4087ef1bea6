import { Help, type Command, type HelpConfiguration, type Option } from 'commander';

/** Where a switch is off, or a list empty, unless given: a default that tells nothing. */
const isSilent = ({ defaultValue }: Option): boolean =>
  defaultValue === false || (Array.isArray(defaultValue) && defaultValue.length === 0);

/** Help pages with the flags of all commands, and no defaults that tell nothing. */
export const helpPages: HelpConfiguration = {
  showGlobalOptions: true,
  optionDescription: (option) =>
    isSilent(option) ? option.description : new Help().optionDescription(option),
};

/** Shows at the end of a command's help page how it is called. */
export function withExamples(command: Command, ...calls: readonly string[]): Command {
  const lines = calls.map((call) => `  ${call}`);
  return command.addHelpText('after', ['', 'Examples:', ...lines].join('\n'));
}
