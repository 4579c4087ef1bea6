import { InvalidArgumentError, Option } from 'commander';

/** `-o json`, for programs. */
export const answerFormat = (): Option =>
  new Option('-o, --output <format>', 'how to answer').choices(['table', 'json']).default('table');

/** A flag that may be repeated. */
export const collect = (value: string, before: readonly string[]): readonly string[] => [
  ...before,
  value,
];

export const parseTruth = (value: string): boolean => {
  if (value === 'true' || value === 'false') return value === 'true';
  throw new InvalidArgumentError('must be true or false');
};

/** Helm's rule for names of releases, which names of meshes are. */
export const parseMeshName = (value: string): string => {
  if (/^[a-z0-9]([-a-z0-9]{0,51}[a-z0-9])?$/.test(value)) return value;
  throw new InvalidArgumentError('must be a DNS label of at most 53 characters');
};

/** A duration as helm takes it. */
export const parseDuration = (value: string): string => {
  if (/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(value)) return value;
  throw new InvalidArgumentError('must be a duration such as 90s, 5m or 1m30s');
};
