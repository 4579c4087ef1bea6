import type { Bus } from '@osm/bus';
import { createBusOver, silentLogger, type Link, type Timing } from '@osm/bus/testing';
import { MeshError, type Clock, type Random } from '@osm/prelude';
import { createReadiness, type Readiness } from '@osm/runtime';
import type { Logger } from '@osm/telemetry';
import type { Network } from './network.ts';
import { createConnection } from './connection.ts';
import type { Owner } from './scheduler.ts';
import { noMetrics } from './no-metrics.ts';

/** What a service is given to run with. */
export interface Surroundings {
  readonly name: string;
  readonly instance: string;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly readiness: Readiness;
  readonly signal: AbortSignal;
  readonly owner: Owner;
}

/** Where in a request a crash strikes: before it is sent, when the server has executed it, when the answer is there. */
export type Boundary = 'before' | 'executed' | 'answered';
export const boundaries = ['before', 'executed', 'answered'] as const;

/** One instance of a service, through all its lives. */
export interface Process {
  readonly name: string;
  readonly service: string;
  readonly alive: () => boolean;
  /** It runs, is not frozen, and was not told to end. */
  readonly acting: () => boolean;
  readonly start: () => void;
  /** Ends it without a word. `ghost`: the server goes on for a while as if it were there. */
  readonly crash: (ghost: boolean) => void;
  /** SIGTERM: it gives back what it holds, and ends. */
  readonly stop: () => void;
  /** Nothing happens in it until the time is over, and then all that waited. */
  readonly freeze: (forMs: number) => void;
  /** Cuts its connection; deaf: nobody notices before `deafMs` are over. */
  readonly cut: (awayMs: number, deafMs: number) => void;
  /** Crashes at a boundary of the request that is this many away. */
  readonly trap: (requests: number, boundary: Boundary) => void;
}

export interface ProcessOptions {
  readonly name: string;
  readonly service: string;
  readonly network: Network;
  /** Looks at, or spoils, what the service does with its bus. */
  readonly wrapBus: (bus: Bus, life: Life) => Bus;
  /** The same one level below. */
  readonly wrapLink: (link: Link, life: Life) => Link;
  readonly run: (surroundings: Surroundings) => Promise<void>;
  /** Called when a life is over. */
  readonly onEnd: (life: Life) => void;
}

/** From a start to the crash or the orderly end. */
export interface Life {
  readonly process: string;
  readonly service: string;
  readonly instance: string;
}

/** Virtual time begins here. */
const epochMs = 1_800_000_000_000;
const ghostMs = 1_500;
const stopMsMax = 3_000;

interface Running {
  readonly life: Life;
  readonly connection: ReturnType<typeof createConnection>;
  readonly abort: AbortController;
  readonly owner: { alive: boolean; hold: ((run: () => void) => void) | undefined };
  readonly bus: Bus;
  done: Promise<void>;
}

/** Creates a process that is not running yet. */
export function createProcess(options: ProcessOptions): Process {
  const { name, service, network } = options;
  const { scheduler, journal, chance } = network;
  let lives = 0;
  let running: Running | undefined;
  /** Told to start while it was still ending. */
  let again = false;
  let trap: { requests: number; boundary: Boundary } | undefined;

  const end = (ended: Running, ghost: boolean): void => {
    if (!ended.owner.alive) return;
    ended.owner.alive = false;
    if (running === ended) running = undefined;
    trap = undefined;
    ended.connection.die();
    if (ghost) scheduler.after(ghostMs, () => ended.connection.leave());
    else ended.connection.leave();
    options.onEnd(ended.life);
    if (again) scheduler.after(1, start);
  };
  const crash = (ghost: boolean): void => {
    if (running === undefined) return;
    journal.note(name, () => `crashes${ghost ? ', and the server does not notice' : ''}`);
    journal.count('crash');
    end(running, ghost);
  };
  const trip = (boundary: Boundary, what: string): boolean => {
    if (trap?.boundary !== boundary) return false;
    trap.requests -= 1;
    if (trap.requests > 0) return false;
    journal.note(name, () => `trap: ${boundary} ${what}`);
    journal.count(`crash ${boundary} a request`);
    crash(false);
    return true;
  };
  const start = (): void => {
    if (running !== undefined) {
      again = running.abort.signal.aborted;
      return;
    }
    again = false;
    lives += 1;
    const life: Life = { process: name, service, instance: `${name}#${lives}` };
    running = begin(options, life, trip);
    journal.note(name, () => `starts, life ${lives}`);
    const mine = running;
    mine.done = mine.done.then(undefined, (thrown: unknown) => {
      if (!mine.owner.alive) return;
      journal.violated('a service does not end by an error', `${name}: ${describe(thrown)}`);
    });
  };
  return {
    name,
    service,
    alive: () => running !== undefined,
    acting: () =>
      running !== undefined && running.owner.hold === undefined && !running.abort.signal.aborted,
    start,
    crash,
    stop: () => {
      const ending = running;
      if (ending === undefined) return;
      journal.note(name, () => 'is told to end');
      journal.count('orderly end');
      ending.abort.abort();
      void ending.done.then(() => ending.bus.close()).then(() => end(ending, false));
      scheduler.after(stopMsMax, () => end(ending, false));
    },
    freeze: (forMs) => {
      const owner = running?.owner;
      if (owner === undefined || owner.hold !== undefined) return;
      journal.note(name, () => `is frozen for ${forMs.toFixed(0)} ms`);
      journal.count('freeze');
      const waiting: (() => void)[] = [];
      owner.hold = (run) => waiting.push(run);
      scheduler.after(forMs, () => {
        owner.hold = undefined;
        journal.note(name, () => `thaws, ${waiting.length} events waited`);
        for (const run of waiting) scheduler.after(0, run, owner);
      });
    },
    cut: (awayMs, deafMs) => running?.connection.cut(awayMs, deafMs),
    trap: (requests, boundary) => {
      trap = { requests: 1 + requests, boundary };
    },
  };

  function begin(from: ProcessOptions, life: Life, tripped: typeof trip): Running {
    const owner: Running['owner'] = { alive: true, hold: undefined };
    const after = (delayMs: number, run: () => void): (() => void) =>
      scheduler.after(delayMs, run, owner);
    let ids = 0;
    const timing: Timing = {
      now: scheduler.now,
      after,
      random: chance.next,
      uniqueId: () => `${life.instance}-${(ids += 1)}`,
    };
    const clock: Clock = { now: () => epochMs + Math.floor(scheduler.now()), after };
    const abort = new AbortController();
    const connection = createConnection({ network, life, owner, trip: tripped });
    const log = journal.traced ? tracingLogger(network, name) : silentLogger;
    const bus = createBusOver({
      link: from.wrapLink(connection.link, life),
      service,
      instance: life.instance,
      log,
      metrics: noMetrics,
      timing,
    });
    const surroundings: Surroundings = {
      name,
      instance: life.instance,
      bus: from.wrapBus(bus, life),
      clock,
      random: { next: chance.next },
      log,
      readiness: createReadiness(),
      signal: abort.signal,
      owner,
    };
    return { life, connection, abort, owner, bus, done: from.run(surroundings) };
  }
}

function describe(thrown: unknown): string {
  const error = MeshError.from(thrown);
  return error.stack ?? error.message;
}

function tracingLogger({ journal }: Network, name: string): Logger {
  const say = (message: string, fields: Readonly<Record<string, unknown>> = {}): void =>
    journal.note(name, () => {
      const { err, ...rest } = fields;
      const text = Object.keys(rest).length === 0 ? '' : ` ${JSON.stringify(rest)}`;
      return `log: ${message}${text}${err instanceof Error ? ` (${err.message})` : ''}`;
    });
  const logger: Logger = { debug: say, info: say, warn: say, error: say, child: () => logger };
  return logger;
}
