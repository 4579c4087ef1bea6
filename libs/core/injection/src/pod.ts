import { err, ok, type Result } from '@osm/prelude';
import { asObject, asObjects, asText, type JsonObject } from './json.ts';

/** A pod at admission: what injection reads, beside the document it changes. */
export interface AdmittedPod {
  /** As received. */
  readonly document: JsonObject;
  readonly metadata: JsonObject;
  readonly spec: JsonObject;
  readonly annotations: JsonObject;
  readonly labels: JsonObject;
  readonly serviceAccount: string;
  readonly hostNetwork: boolean;
  /** Node selector kubernetes.io/os: windows. */
  readonly windows: boolean;
  readonly containers: readonly JsonObject[];
  readonly initContainers: readonly JsonObject[];
  readonly volumes: readonly JsonObject[];
}

/** Reads a Pod of any origin. The error is for the person who created it. */
export function parsePod(document: unknown): Result<AdmittedPod, string> {
  const pod = asObject(document);
  if (pod === undefined) return err('the object is not a Pod: it is no JSON object');
  const spec = asObject(pod['spec']);
  if (spec === undefined) return err('the Pod has no spec');
  const containers = asObjects(spec['containers']);
  const initContainers = asObjects(spec['initContainers']);
  const volumes = asObjects(spec['volumes']);
  if (containers === undefined || containers.length === 0)
    return err('spec.containers of the Pod is not a list of containers');
  if (initContainers === undefined) return err('spec.initContainers of the Pod is not a list');
  if (volumes === undefined) return err('spec.volumes of the Pod is not a list');
  const metadata = asObject(pod['metadata']) ?? {};
  const os = asObject(spec['nodeSelector'])?.['kubernetes.io/os'];
  return ok({
    document: pod,
    metadata,
    spec,
    annotations: asObject(metadata['annotations']) ?? {},
    labels: asObject(metadata['labels']) ?? {},
    // The API server fills it in before webhooks run; elsewhere the same default holds.
    serviceAccount: asText(spec['serviceAccountName']) ?? 'default',
    hostNetwork: spec['hostNetwork'] === true,
    windows: typeof os === 'string' && os.toLowerCase() === 'windows',
    containers,
    initContainers,
    volumes,
  });
}
