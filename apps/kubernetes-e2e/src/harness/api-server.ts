import { mustRun } from './run.ts';

/** Commands of the shell that stop the API server of the cluster, and let it go on. */
export interface ApiServerSwitch {
  readonly stop: () => Promise<void>;
  readonly start: () => Promise<void>;
}

/** From OSM_STOP_API_SERVER and OSM_START_API_SERVER; undefined where nobody says how. */
export function apiServerSwitch(
  env: Readonly<Record<string, string | undefined>> = process.env,
): ApiServerSwitch | undefined {
  const { OSM_STOP_API_SERVER: stop, OSM_START_API_SERVER: start } = env;
  if (stop === undefined || start === undefined) return undefined;
  const shell = async (command: string): Promise<void> => {
    await mustRun(['sh', '-c', command], { limitMs: 30_000 });
  };
  return { stop: () => shell(stop), start: () => shell(start) };
}
