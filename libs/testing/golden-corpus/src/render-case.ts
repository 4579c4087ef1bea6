import { resourceToJson } from '@osm/envoy';
import type { Diagnostic } from '@osm/model';
import { Severity } from '@osm/proto-mesh';
import { typeUrls } from '@osm/proto-envoy';
import { stringify } from 'yaml';
import type { CompiledCase } from './compile-case.ts';

const files = [
  ['listener', 'listeners.yaml'],
  ['route', 'routes.yaml'],
  ['cluster', 'clusters.yaml'],
  ['endpoint', 'endpoints.yaml'],
] as const;

/** The golden files of a case: texts by path within its folder. A file that would be empty does not exist. */
export function renderCase(compiled: CompiledCase): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const { name, resources } of compiled.workloads) {
    for (const [type, file] of files) {
      const json = resources
        .filter((resource) => resource.typeUrl === typeUrls[type])
        .map(resourceToJson);
      if (json.length > 0) texts.set(`${name}/${file}`, yaml(shareAccessLogs(json)));
    }
  }
  const { diagnostics } = compiled;
  if (diagnostics.length > 0) texts.set('diagnostics.yaml', yaml(diagnostics.map(readable)));
  return texts;
}

function yaml(value: unknown): string {
  return stringify(value, { lineWidth: 0, singleQuote: true });
}

function readable({ code, severity, object, message }: Diagnostic): unknown {
  return {
    code,
    severity: severity === Severity.SEVERITY_ERROR ? 'error' : 'warning',
    object: `${object?.kind ?? ''} ${object?.namespace ?? ''}/${object?.name ?? ''}`,
    ...(object?.line ? { line: object.line } : {}),
    message,
  };
}

/** The access log is long, and the same everywhere: written once per file, then referred to. */
function shareAccessLogs(json: unknown): unknown {
  const known = new Map<string, unknown>();
  const walk = (value: unknown, key: string): unknown => {
    if (Array.isArray(value) && key === 'accessLog') {
      const text = JSON.stringify(value);
      known.set(text, known.get(text) ?? value);
      return known.get(text);
    }
    if (Array.isArray(value)) return value.map((item) => walk(item, ''));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, walk(v, k)]));
  };
  return walk(json, '');
}
