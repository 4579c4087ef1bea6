import { invariant, MeshError } from '@osm/prelude';
import { isObject, type Json } from '../cluster/json.ts';
import type { Container, PodSpec } from './pod-spec.ts';

/**
 * The one difference between a playground of an ordinary user and production. In the user namespace of an ordinary user there is one
 * user only, so a proxy cannot have a user of its own (1500), and the init rules cannot know its connections by their owner. Here
 * they know them by a mark that the proxy puts on its sockets: in the rules `-m mark --mark 1500` stands for
 * `-m owner --uid-owner 1500`, and the proxy's bootstrap has SO_MARK for all its clusters. Everything else is as the injector made it.
 */
export function withOneUser(spec: PodSpec): PodSpec {
  return {
    ...spec,
    initContainers: spec.initContainers.map(asOnlyUser),
    containers: spec.containers.map(asOnlyUser),
  };
}

/** The files of an injected bootstrap Secret, for a proxy that has no user of its own. */
export function markedBootstrap(
  files: ReadonlyMap<string, Buffer>,
  uid: number = proxyUid,
): ReadonlyMap<string, Buffer> {
  const bootstrap = files.get(bootstrapFile);
  if (bootstrap === undefined) return files;
  return new Map([
    ...files,
    [bootstrapFile, Buffer.from(markSockets(bootstrap.toString('utf8'), uid))],
  ]);
}

/** The user that the injector gives to proxies (as OSM), which here is a mark. */
export const proxyUid = 1500;
const bootstrapFile = 'bootstrap.yaml';

/** SOL_SOCKET and SO_MARK of Linux. */
const socketLevel = 1;
const markOption = 36;

function asOnlyUser(container: Container): Container {
  return { ...container, args: container.args.map(markRules), uid: undefined, gid: undefined };
}

/** The init container's script with marks for owners. */
export function markRules(script: string): string {
  if (!script.includes('iptables-restore')) return script;
  const marked = script.replace(/-m owner (! )?--uid-owner (\d+)/g, '-m mark $1--mark $2');
  invariant(!marked.includes('owner'), 'a rule of the init container asks for an owner otherwise');
  return marked;
}

function markSockets(bootstrap: string, uid: number): string {
  const config = JSON.parse(bootstrap) as Json;
  if (!isObject(config))
    throw new MeshError('invalid_config', `${bootstrapFile} of the proxy is not a JSON object`);
  const mark = { level: socketLevel, name: markOption, int_value: uid, state: 'STATE_PREBIND' };
  const others = config['cluster_manager'];
  const marked = {
    ...config,
    cluster_manager: {
      ...(isObject(others) ? others : {}),
      upstream_bind_config: { socket_options: [mark] },
    },
  };
  return `${JSON.stringify(marked, undefined, 2)}\n`;
}
