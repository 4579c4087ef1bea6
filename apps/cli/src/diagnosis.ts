import {
  listObjects,
  resourcePath,
  resourceTypes,
  type ApiServer,
  type KubernetesObject,
} from '@osm/kubernetes';
import { MeshError } from '@osm/prelude';
import { describePodState, stateOfPod, type PodState } from './pod-state.ts';

/** Which pods are the mesh's own; those of others in the namespace are not its business. */
export const ownPods = 'app.kubernetes.io/name=openservicemesh.io';
const logLettersMax = 300;
/** Lines after the one that tells why: Node's own, and the hint that follows a wrong flag. */
const noise = /^\((node:\d+|Use `node)|^Try: |^Node\.js v/;
/** Warnings of an installation before this one are not its business; clocks of two machines differ by less than this. */
const skewMs = 30_000;

interface Warning {
  readonly kind: string;
  readonly name: string;
  readonly reason: string;
  readonly message: string;
}

/**
 * Why a control plane is not ready, a line for each cause: pods with the reason, the last line of their log when they crash, the last
 * warning when they do not come to be; and pods that were refused before there was one. Warnings from before `sinceMs` do not count.
 */
export async function diagnose(
  server: ApiServer,
  { namespace, sinceMs }: { readonly namespace: string; readonly sinceMs: number },
): Promise<readonly string[]> {
  const { objects } = await listObjects(server, resourceTypes.pod, {
    namespace,
    labelSelector: ownPods,
  });
  const warnings = await findWarnings(server, namespace, sinceMs - skewMs);
  // Who only waits for others comes after those who are in trouble.
  const troubled: string[] = [];
  const waiting: string[] = [];
  for (const pod of objects) {
    const state = stateOfPod(pod);
    if (state.kind === 'ready' || state.kind === 'done') continue;
    if (pod.metadata['deletionTimestamp'] !== undefined) continue;
    const more = await detail(server, pod, { state, warnings });
    const ending = more === undefined ? '' : `: ${more}`;
    const lines = state.kind === 'starting' ? waiting : troubled;
    lines.push(`${pod.metadata.name}: ${describePodState(state)}${ending}`);
  }
  const owners = new Set(objects.flatMap(ownersOf));
  const refused = new Map(
    warnings
      .filter(({ reason, name }) => reason === 'FailedCreate' && name.startsWith('osm-'))
      .filter(({ name }) => !owners.has(name))
      .map(({ kind, name, message }) => [`${kind} ${name}`, message]),
  );
  const refusals = [...refused].map(([who, message]) => `${who}: its pods are refused: ${message}`);
  return [...refusals, ...troubled, ...waiting];
}

function ownersOf({ metadata }: KubernetesObject): readonly string[] {
  const owners = (metadata['ownerReferences'] ?? []) as readonly { readonly name: string }[];
  return owners.map(({ name }) => name);
}

async function detail(
  server: ApiServer,
  pod: KubernetesObject,
  { state, warnings }: { readonly state: PodState; readonly warnings: readonly Warning[] },
): Promise<string | undefined> {
  if (state.kind === 'crashed') return lastLogLine(server, pod, state);
  if (state.kind === 'starting') return missingGates(server, pod);
  if (state.kind !== 'creating') return undefined;
  return warnings.find(({ kind, name }) => kind === 'Pod' && name === pod.metadata.name)?.message;
}

/** Warnings about objects of a namespace, the newest first. */
async function findWarnings(
  server: ApiServer,
  namespace: string,
  sinceMs: number,
): Promise<readonly Warning[]> {
  const { objects } = await listObjects(server, resourceTypes.event, {
    namespace,
    fieldSelector: 'type=Warning',
  });
  const timeOf = (event: KubernetesObject): string =>
    String(event['lastTimestamp'] ?? event['eventTime'] ?? event.metadata['creationTimestamp']);
  return objects
    .filter((event) => !(Date.parse(timeOf(event)) < sinceMs))
    .sort((a, b) => timeOf(b).localeCompare(timeOf(a)))
    .map((event) => {
      const { kind = '', name = '' } = (event['involvedObject'] ?? {}) as Partial<Warning>;
      return {
        kind,
        name,
        reason: String(event['reason'] ?? ''),
        message: String(event['message'] ?? '').trim(),
      };
    });
}

async function lastLogLine(
  server: ApiServer,
  { metadata: { name, namespace } }: KubernetesObject,
  { container, previous }: { readonly container: string; readonly previous: boolean },
): Promise<string | undefined> {
  try {
    const text = await server.ask({
      path: resourcePath(resourceTypes.pod, { namespace, name, subresource: 'log' }),
      query: { container, previous: String(previous), tailLines: '10' },
      answer: 'text',
    });
    const line = String(text)
      .split('\n')
      .filter((each) => each.trim() !== '' && !noise.test(each))
      .at(-1);
    return line === undefined ? 'it logged nothing' : spoken(line).slice(0, logLettersMax);
  } catch (thrown) {
    return `its log is not to be had: ${MeshError.from(thrown).message}`;
  }
}

/** What a line of JSON, as the services log, says; other lines as they are. */
function spoken(line: string): string {
  try {
    const { message, err } = JSON.parse(line) as {
      readonly message?: unknown;
      readonly err?: { readonly message?: unknown };
    };
    const said = [message, err?.message].filter((each) => typeof each === 'string');
    return said.length === 0 ? line : said.join(': ');
  } catch {
    return line;
  }
}

/** What a service that is not ready waits for, in its own words. */
async function missingGates(
  server: ApiServer,
  { metadata: { name, namespace } }: KubernetesObject,
): Promise<string | undefined> {
  const place = { namespace, name: `${name}:9091`, subresource: 'proxy/health/ready' };
  try {
    await server.ask({ path: resourcePath(resourceTypes.pod, place), answer: 'text' });
    return undefined;
  } catch (thrown) {
    const { message } = MeshError.from(thrown);
    const said = /^GET \S+: (.+) \(503\)$/s.exec(message)?.[1]?.trim().replaceAll('\n', '; ');
    return said?.startsWith('error trying to reach') === true ? undefined : said;
  }
}
