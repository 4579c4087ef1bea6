import { reviewObject, type AdmissionWorld, type Verdict } from '@osm/admission';
import { encodeKey } from '@osm/model';
import { MeshError } from '@osm/prelude';
import type { MeshCatalog, MeshScope } from '@osm/resources';
import type { AdmissionAnswer, AdmissionRequest } from '@osm/webhook';
import type { WrittenObjects } from './written-objects.ts';

export interface AdmitObjectOptions {
  readonly scope: MeshScope;
  readonly catalog: Pick<MeshCatalog, 'objects'>;
  readonly written: Pick<WrittenObjects, 'ofKind' | 'now'>;
}

/** Answers reviews by the rules of @osm/admission, beside what is there at this moment. Never throws. */
export function createAdmitObject({
  scope,
  catalog,
  written,
}: AdmitObjectOptions): (request: AdmissionRequest) => Promise<AdmissionAnswer> {
  return async (request) => {
    const { kind } = request.kind;
    const others = await written.now(kind, request.namespace);
    const { refusals, warnings } = verdictOf(request, {
      scope,
      object: (each, namespace, name) => catalog.objects().get(encodeKey([each, namespace, name])),
      objects: () => catalog.objects().values(),
      written: (each) => (each === kind ? others : written.ofKind(each)),
    });
    if (refusals.length === 0) return { kind: 'allow', warnings };
    return { kind: 'deny', message: refusals.join('; '), warnings };
  };
}

const admitted: Verdict = { refusals: [], warnings: [] };

/** A slip of ours is no reason to refuse anybody's object. */
function verdictOf(request: AdmissionRequest, world: AdmissionWorld): Verdict {
  const { operation, namespace, object, oldObject } = request;
  if (operation !== 'CREATE' && operation !== 'UPDATE') return admitted;
  try {
    const ref = { kind: request.kind.kind, namespace, name: nameOf(request), file: '', line: 0 };
    const before = operation === 'UPDATE' ? oldObject : undefined;
    return reviewObject({ ref, object, before }, world);
  } catch (thrown) {
    return { refusals: [], warnings: [`not validated: ${MeshError.from(thrown).message}`] };
  }
}

/** The API server makes up a name after it has filled in the request. */
function nameOf({ name, object }: AdmissionRequest): string {
  const { metadata } = object as { readonly metadata?: { readonly name?: string } };
  return metadata?.name ?? name;
}
