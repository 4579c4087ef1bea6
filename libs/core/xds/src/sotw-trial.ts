import type { ResourceRecord } from './resource-record.ts';
import { createContent, type ResponseContent } from './response.ts';
import type { ResourceType } from './resource-types.ts';
import { clusterList, fullList } from './sotw-plan.ts';
import {
  nodeFor,
  quarantineKey,
  type Draft,
  type Rejection,
  type StreamOutput,
} from './stream-state.ts';

// A full list cannot be sent in parts: what a part leaves out would be removed. So when a client refuses a list, the last list that it
// accepted is the base, and what was new in the refused one is tried on top of it, in groups: first what the client's words do not
// blame, then what they do, one by one; without such words halves, and halves of halves. What is refused alone is the offender.

/** The client accepted a full list. `isLatest`: no other list of the type is under way. */
export function acceptList(draft: Draft, content: ResponseContent, isLatest: boolean): void {
  const { type, records } = content;
  draft.accepted = { ...draft.accepted, [type]: records };
  const groups = groupsOf(draft, content);
  if (groups.length === 0) return;
  setGroups(draft, content, without(groups, records));
  if (isLatest) tryNext(draft, content);
}

/** The client gave up its subscription to these names: it has nothing of them to fall back to. */
export function forgetAccepted(draft: Draft, type: ResourceType, names: readonly string[]): void {
  const records = draft.accepted[type];
  if (records === undefined) return;
  const gone = new Set(names);
  draft.accepted = { ...draft.accepted, [type]: records.filter(({ name }) => !gone.has(name)) };
}

/** The client refused a full list, the latest of its type: finds the offender, or goes on looking for it. */
export function refuseList(
  draft: Draft,
  content: ResponseContent,
  message: string,
  outputs: StreamOutput[],
): void {
  const { type, records } = content;
  const versions = versionsOf(draft.accepted[type] ?? []);
  const fresh = records.filter((record) => versions.get(record.name) !== record.version);
  const rest = without(groupsOf(draft, content), fresh);
  const [only, ...others] = fresh;
  if (only === undefined) {
    // Nothing in it is new: what is refused is that something went. It stays as it is until something changes.
    const rejection = { type, name: '', version: draft.nonces[type] ?? '', message };
    outputs.push({ kind: 'quarantined', rejection });
    return;
  }
  if (others.length === 0) {
    const { name, version } = only;
    const rejection: Rejection = { type, name, version, message };
    draft.quarantine = new Map(draft.quarantine).set(quarantineKey(type, name), rejection);
    outputs.push({ kind: 'quarantined', rejection });
    setGroups(draft, content, rest);
  } else setGroups(draft, content, [...suspectGroups(fresh, blamedBy(message, records)), ...rest]);
  tryNext(draft, content);
}

type Groups = readonly (readonly ResourceRecord[])[];

function groupsOf(draft: Draft, { type }: ResponseContent): Groups {
  return draft.suspects[type] ?? [];
}

function setGroups(draft: Draft, { type }: ResponseContent, groups: Groups): void {
  draft.suspects = { ...draft.suspects, [type]: groups };
}

/** Sends the next list with something in it that the client has not accepted yet. */
function tryNext(draft: Draft, content: ResponseContent): void {
  const { type, introducesClusters } = content;
  const node = nodeFor(draft, type);
  if (node === undefined) return;
  for (;;) {
    const records =
      type === 'cluster'
        ? clusterList(draft, node, draft.retiring.clusters)
        : fullList(draft, type, node);
    if (!isSameList(records, draft.accepted[type] ?? [])) {
      draft.outbox = [createContent(type, { records, introducesClusters }), ...draft.outbox];
      return;
    }
    const [head, ...later] = groupsOf(draft, content);
    if (head === undefined) return;
    // Its resources have changed or gone meanwhile: nothing is left to be tried in it.
    setGroups(draft, content, later);
  }
}

function suspectGroups(
  fresh: readonly ResourceRecord[],
  blamed: ReadonlySet<ResourceRecord>,
): Groups {
  const accused = fresh.filter((record) => blamed.has(record));
  if (accused.length > 0) {
    const rest = fresh.filter((record) => !blamed.has(record));
    return [...(rest.length === 0 ? [] : [rest]), ...accused.map((record) => [record])];
  }
  const middle = Math.ceil(fresh.length / 2);
  return [fresh.slice(0, middle), fresh.slice(middle)];
}

/** The resources that an error text speaks of, by name (Envoy and most gRPC clients) or by place in the response (grpc-js). */
function blamedBy(message: string, records: readonly ResourceRecord[]): Set<ResourceRecord> {
  const blamed = new Set(records.filter((record) => mentions(message, record.name)));
  for (const [, index] of message.matchAll(/resource index (\d+):/g)) {
    const record = records[Number(index)];
    if (record !== undefined) blamed.add(record);
  }
  return blamed;
}

/** True when the text has the name as a whole: `ns/a|80` is not mentioned by `ns/a|8080`. */
function mentions(message: string, name: string): boolean {
  const isPart = (character: string | undefined): boolean =>
    character !== undefined && /[\w|/-]/.test(character);
  for (let at = message.indexOf(name); at >= 0; at = message.indexOf(name, at + 1))
    if (!isPart(message[at - 1]) && !isPart(message[at + name.length])) return true;
  return false;
}

function without(groups: Groups, records: readonly ResourceRecord[]): Groups {
  const versions = versionsOf(records);
  return groups
    .map((group) => group.filter((record) => versions.get(record.name) !== record.version))
    .filter((group) => group.length > 0);
}

function isSameList(list: readonly ResourceRecord[], other: readonly ResourceRecord[]): boolean {
  if (list.length !== other.length) return false;
  const versions = versionsOf(other);
  return list.every((record) => versions.get(record.name) === record.version);
}

function versionsOf(records: readonly ResourceRecord[]): ReadonlyMap<string, string> {
  return new Map(records.map((record) => [record.name, record.version]));
}
