import type { ApiServer } from '@osm/kubernetes';
import type { Clock } from '@osm/prelude';
import type { Helm } from './helm.ts';
import type { Settings } from './settings.ts';
import type { Terminal } from './terminal.ts';

/** What is there before any flag was read. */
export interface Surroundings {
  readonly terminal: Terminal;
  readonly environment: NodeJS.ProcessEnv;
  /** Where the chart is when none is named: beside the program, or in the sources. */
  readonly charts: readonly string[];
  /** Ends this program the way the signal would have. */
  readonly endBy: (signal: NodeJS.Signals) => void;
}

/** What commands work with; all of it as the flags of this call say. */
export interface CommandTools extends Surroundings {
  readonly settings: Settings;
  readonly namespace: () => string;
  /** Undefined when the person did not name one. */
  readonly namedNamespace: () => string | undefined;
  readonly server: () => ApiServer;
  readonly helm: () => Helm;
  readonly clock: Clock;
  /** The chart that a flag names, or the one that came along. */
  readonly chart: (path: string | undefined) => string;
}
