import { readFileSync } from 'node:fs';
import type { Playground } from '@osm/playground';

/** A JSON line that a program has printed. */
export type Line = Readonly<Record<string, unknown>>;

/** What a container of every pod of a Deployment has printed so far, by the pod's name. */
export function printed(
  playground: Playground,
  deployment: string,
  container: string,
): ReadonlyMap<string, readonly Line[]> {
  const pods = playground.pods.filter(({ blueprint }) => blueprint.owner === deployment);
  return new Map(
    pods.map((pod) => {
      const found = pod.view().containers.find(({ name }) => name === container);
      if (found === undefined) throw new Error(`${deployment} has no container ${container} yet`);
      return [pod.blueprint.name, parseLines(readFileSync(found.logPath, 'utf8'))];
    }),
  );
}

/** The JSON objects of a text, a line each; other lines are left out, and one that is still being written. */
export function parseLines(text: string): readonly Line[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line) as Line);
}
