import { err, ok, type Result } from '@osm/prelude';
import type { Container, EnvEntry, ObjectSource } from './pod-spec.ts';

/** What environment entries and volumes may refer to. */
export interface PodFacts {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly ip: string;
  readonly hostIp: string;
  readonly serviceAccount: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly annotations: ReadonlyMap<string, string>;
  /** Files of a ConfigMap or Secret of the pod's namespace; undefined when there is none. */
  readonly contents: (source: ObjectSource) => ReadonlyMap<string, Buffer> | undefined;
}

/** Where programs are looked up in pods; the playground's own come first. */
const searchPath = '/.playground/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The environment of a container. The error names what is missing. */
export function containerEnvironment(
  container: Container,
  facts: PodFacts,
): Result<Record<string, string>, string> {
  const env: Record<string, string> = { PATH: searchPath, HOME: '/root', HOSTNAME: facts.name };
  for (const entry of container.env) {
    const values = entryValues(entry, facts, env);
    if (values.kind === 'error') return err(`container ${container.name}: ${values.error}`);
    Object.assign(env, values.value);
  }
  return ok(env);
}

function entryValues(
  entry: EnvEntry,
  facts: PodFacts,
  env: Readonly<Record<string, string>>,
): Result<Record<string, string>, string> {
  switch (entry.kind) {
    case 'value':
      return ok({ [entry.name]: expand(entry.value, env) });
    case 'field': {
      const value = fieldValue(entry.path, facts);
      return value === undefined
        ? err(`env ${entry.name}: there is no field ${entry.path}`)
        : ok({ [entry.name]: value });
    }
    case 'key': {
      const value = facts.contents(entry.source)?.get(entry.key);
      if (value !== undefined) return ok({ [entry.name]: value.toString('utf8') });
      return entry.optional
        ? ok({})
        : err(
            `env ${entry.name}: there is no key ${entry.key} in ${entry.source.kind} ${entry.source.name}`,
          );
    }
    case 'all': {
      const values = facts.contents(entry.source);
      if (values === undefined && !entry.optional)
        return err(`envFrom: there is no ${entry.source.kind} ${entry.source.name}`);
      return ok(
        Object.fromEntries(
          [...(values ?? [])].map(([key, value]) => [entry.prefix + key, value.toString('utf8')]),
        ),
      );
    }
  }
}

/** A field of the downward API. */
function fieldValue(path: string, facts: PodFacts): string | undefined {
  const keyed = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path);
  if (keyed)
    return (keyed[1] === 'labels' ? facts.labels : facts.annotations).get(keyed[2] ?? '') ?? '';
  switch (path) {
    case 'metadata.name':
      return facts.name;
    case 'metadata.namespace':
      return facts.namespace;
    case 'metadata.uid':
      return facts.uid;
    case 'spec.nodeName':
      return 'playground';
    case 'spec.serviceAccountName':
      return facts.serviceAccount;
    case 'status.podIP':
    case 'status.podIPs':
      return facts.ip;
    case 'status.hostIP':
    case 'status.hostIPs':
      return facts.hostIp;
    default:
      return undefined;
  }
}

/** Replaces `$(NAME)` by a variable's value, as Kubernetes does in command, args and env; `$$(NAME)` stays `$(NAME)`. */
export function expand(text: string, env: Readonly<Record<string, string>>): string {
  return text.replace(/\$\$|\$\(([^()]+)\)/g, (all, name: string | undefined) =>
    name === undefined ? '$' : (env[name] ?? all),
  );
}
