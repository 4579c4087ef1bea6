import { hostname } from 'node:os';
import { MeshError } from '@osm/prelude';
import {
  createLogger,
  createMetrics,
  type Logger,
  type LogLevel,
  type Metrics,
} from '@osm/telemetry';
import { describeFlags, flag, parseFlags, type ConfigOf, type FlagSet } from './flags.ts';
import { createHttpRoutes, startHttpServer, type HttpRoutes } from './http-server.ts';
import { collectWhenIdle } from './idle-collection.ts';
import { createReadiness, type Readiness } from './readiness.ts';

/** What a service gets to run with. */
export interface ServiceContext<C> {
  readonly config: C;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly readiness: Readiness;
  /** Adds paths to the service's HTTP server. */
  readonly http: HttpRoutes;
  /** Unique among instances: for leases, logs and status. */
  readonly instance: string;
  /** Aborted on SIGTERM and SIGINT: stop taking work, finish, return. */
  readonly signal: AbortSignal;
}

/** A service: what it is called, what can be set, and how it runs. */
export interface ServiceDefinition<F extends FlagSet> {
  readonly name: string;
  readonly summary: string;
  readonly flags: F;
  /** Runs until context.signal aborts, and then closes what it opened. Throwing ends the process with status 1. */
  readonly start: (context: ServiceContext<ConfigOf<F>>) => Promise<void>;
}

const commonFlags = {
  httpPort: flag.port('Port of /health/ready, /health/alive, /metrics and /version', {
    default: '9091',
  }),
  httpHost: flag.text('Address to listen on', { default: '0.0.0.0' }),
  logLevel: flag.choice<LogLevel>(
    'Least level to log',
    ['trace', 'debug', 'info', 'warn', 'error'],
    {
      default: 'info',
    },
  ),
  shutdownGrace: flag.durationMs('Longest time for an orderly end', { default: '10s' }),
};

/** Runs a service from flags to its end. Exit status: 0 after a signal, 2 for wrong flags, 1 for everything else. */
export async function runService<F extends FlagSet>(
  definition: ServiceDefinition<F>,
): Promise<void> {
  const flags = { ...definition.flags, ...commonFlags };
  const parsed = parseFlags(flags, process.argv.slice(2), process.env);
  if (parsed.kind === 'error') {
    process.stderr.write(`${parsed.error}\nTry: ${definition.name} --help\n`);
    process.exitCode = 2;
    return;
  }
  if (parsed.value.kind === 'help') {
    process.stdout.write(describeFlags(definition.name, definition.summary, flags));
    return;
  }
  collectWhenIdle();
  const config = parsed.value.config as ConfigOf<F> & ConfigOf<typeof commonFlags>;
  const log = createLogger(definition.name, config.logLevel);
  const metrics = createMetrics({ process: true });
  const readiness = createReadiness();
  const routes = createHttpRoutes();
  const abort = new AbortController();
  const instance = instanceName(definition.name);
  endOnSignal(abort, log, config.shutdownGrace);
  readiness.onChange((ready) =>
    log.info(ready ? 'ready' : 'not ready', ready ? {} : { missing: [...readiness.missing()] }),
  );
  try {
    const http = await startHttpServer({
      service: definition.name,
      host: config.httpHost,
      port: config.httpPort,
      metrics,
      readiness,
      routes,
    });
    log.info('started', { instance, http: http.address, pid: process.pid });
    try {
      await definition.start({
        config,
        log,
        metrics,
        readiness,
        http: routes,
        instance,
        signal: abort.signal,
      });
    } finally {
      await http.close();
    }
    log.info('stopped');
    process.exit(0);
  } catch (thrown) {
    log.error('ended by an error', { err: MeshError.from(thrown) });
    process.exit(1);
  }
}

/** In a container the host is the pod and every process is number 1; on one machine the process tells instances apart. */
function instanceName(service: string): string {
  const host = hostname().replace(/[^A-Za-z0-9-]/g, '-');
  const start = Date.now().toString(36);
  const name = host.includes(service) ? host : `${service}-${host}`;
  return `${name}-${process.pid.toString(36)}-${start}`;
}

function endOnSignal(abort: AbortController, log: Logger, graceMs: number): void {
  const onSignal = (signal: NodeJS.Signals): void => {
    if (abort.signal.aborted) process.exit(1);
    log.info('stopping', { signal });
    setTimeout(() => {
      log.error('orderly end took too long', { graceMs });
      process.exit(1);
    }, graceMs).unref();
    abort.abort();
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}
