import type { CatalogValue, Diagnostic, ObjectRef } from '@osm/model';
import { resourceDiagnosticCodes, type ResourceDiagnosticCode } from './diagnostic-codes.ts';
import { invalid, type Problem } from './fields/parser.ts';
import { isMap } from './fields/values.ts';
import { kindOf, meantGroup, meantKind } from './kinds/kinds.ts';
import type { MeshScope } from './mesh-scope.ts';
import { diagnostic, displayName } from './object-ref.ts';

/** What became of an object. Neither value nor diagnostics: it means nothing to the mesh. */
export interface ParsedObject {
  readonly value?: CatalogValue;
  readonly diagnostics: readonly Diagnostic[];
  /** The object has an error that leaves it out as a whole: an API server would have refused it. */
  readonly refused: boolean;
}

/** The group and version of `apiVersion`; the core group is empty. */
export function splitApiVersion(apiVersion: string): {
  readonly group: string;
  readonly version: string;
} {
  const slash = apiVersion.lastIndexOf('/');
  return slash < 0
    ? { group: '', version: apiVersion }
    : { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) };
}

const nothing: ParsedObject = { diagnostics: [], refused: false };

/**
 * Turns an object of Kubernetes, SMI or OSM into its catalog form. Whether its namespace is in the mesh is not asked here, see
 * createMeshCatalog.
 *
 * @param ref - Names the object (namespace and name are taken from here) and its place, for diagnostics.
 */
export function parseObject(raw: unknown, ref: ObjectRef, scope: MeshScope): ParsedObject {
  if (!isMap(raw) || typeof raw['apiVersion'] !== 'string') return nothing;
  const { group, version } = splitApiVersion(raw['apiVersion']);
  const kind = kindOf(group, ref.kind);
  switch (kind.kind) {
    case 'ignored':
      return nothing;
    case 'unknown': {
      const meant = meantGroup(group) ?? meantKind(group, ref.kind);
      const remedy = meant === undefined ? '' : `; did you mean ${meant}?`;
      const text = `is of no kind that ${group || version} has; it is ignored${remedy}`;
      return tell(ref, 'unknown_kind', text);
    }
    case 'unsupported':
      return tell(ref, 'unsupported_kind', `is not supported yet; ${kind.remedy}`);
    case 'parsed':
      if (!kind.versions.includes(version)) {
        const text = `has version ${version}, which is not served; use one of ${kind.versions.join(', ')}`;
        return tell(ref, 'unsupported_version', text);
      }
  }
  const name = checkName(ref);
  if (name !== undefined) return tell(ref, 'invalid_value', name);
  const diagnostics: Diagnostic[] = [];
  const at = {
    path: '',
    report: (problem: Problem) => diagnostics.push(fromProblem(problem, ref)),
  };
  const value = kind.parse(raw, { ref, version, scope, at });
  if (value === invalid) return { diagnostics, refused: true };
  return value === undefined
    ? { diagnostics, refused: false }
    : { value, diagnostics, refused: false };
}

const label = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
const subdomain = /^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/;

/** Names end up in host names, so the rules of the Kubernetes API hold for files too. */
function checkName({ kind, namespace, name }: ObjectRef): string | undefined {
  const short = kind === 'Namespace' || kind === 'Service';
  const rule = 'small letters, digits and dashes';
  if (!(short ? label : subdomain).test(name)) {
    return `has a metadata.name that is not allowed; use ${rule}${short ? ', at most 63' : ''}`;
  }
  if (namespace !== '' && !label.test(namespace)) {
    return `has a metadata.namespace that is not allowed; use ${rule}, at most 63`;
  }
  return undefined;
}

function fromProblem({ code, path, text }: Problem, ref: ObjectRef): Diagnostic {
  return diagnostic(code, ref, `${displayName(ref)}: ${path} ${text}`);
}

function tell(ref: ObjectRef, code: ResourceDiagnosticCode, text: string): ParsedObject {
  const message = `${displayName(ref)} ${text}`;
  return {
    diagnostics: [diagnostic(code, ref, message)],
    refused: resourceDiagnosticCodes[code].severity === 'error',
  };
}
