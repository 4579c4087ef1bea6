import type {
  ResourceDiagnosticCode,
  ResourceErrorCode,
  ResourceWarningCode,
} from '../diagnostic-codes.ts';

/** What a parser found wrong at a path. An error makes the parser answer `invalid`, a warning does not. */
export interface Problem {
  readonly code: ResourceDiagnosticCode;
  readonly path: string;
  /** Goes on after the path: "must be a number; take the quotes away". */
  readonly text: string;
}

/** Where a parser stands: the path for messages, and where problems go. */
export interface At {
  readonly path: string;
  readonly report: (problem: Problem) => void;
}

export const invalid: unique symbol = Symbol('invalid');
export type Invalid = typeof invalid;

/** Checks one value. All problems are reported, not only the first one. */
export type Parser<T> = (value: unknown, at: At) => T | Invalid;

/** The value of a parser. */
export type Parsed<P> = P extends Parser<infer T> ? T : never;

/** The place of a field or element below. */
export function below(at: At, step: string | number): At {
  const path =
    typeof step === 'number' ? `${at.path}[${step}]` : at.path === '' ? step : `${at.path}.${step}`;
  return { path, report: at.report };
}

/** Reports an error and answers `invalid`. */
export function fail(at: At, code: ResourceErrorCode, text: string): Invalid {
  at.report({ code, path: at.path, text });
  return invalid;
}

/** Reports a warning. */
export function warn(at: At, code: ResourceWarningCode, text: string): void {
  at.report({ code, path: at.path, text });
}

/** A value for messages: `the text "x"`, `a list`. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (typeof value === 'string') return `the text ${JSON.stringify(clip(value))}`;
  if (typeof value === 'object') return Array.isArray(value) ? 'a list' : 'a map';
  return `${String(value)}`;
}

function clip(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
