import { pino, type Logger as PinoLogger } from 'pino';

/** From which level on lines are written. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/** Facts beside a constant message. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Log text is constant; facts go into fields. An `err` field prints an error with its causes. */
export interface Logger {
  readonly debug: (message: string, fields?: LogFields) => void;
  readonly info: (message: string, fields?: LogFields) => void;
  readonly warn: (message: string, fields?: LogFields) => void;
  readonly error: (message: string, fields?: LogFields) => void;
  readonly child: (fields: LogFields) => Logger;
}

/** JSON lines on stdout with OSM's field names: level, component, time, message. */
export function createLogger(component: string, level: LogLevel): Logger {
  return wrap(
    pino({
      level,
      base: { component },
      messageKey: 'message',
      errorKey: 'err',
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    }),
  );
}

function wrap(logger: PinoLogger): Logger {
  return {
    debug: (message, fields = {}) => logger.debug(fields, message),
    info: (message, fields = {}) => logger.info(fields, message),
    warn: (message, fields = {}) => logger.warn(fields, message),
    error: (message, fields = {}) => logger.error(fields, message),
    child: (fields) => wrap(logger.child(fields)),
  };
}
