import { err, ok, type Result } from '@osm/prelude';
import { field, FieldError, type Field, type Json } from '../cluster/json.ts';
import { readProbe, type Probe } from './probe-spec.ts';

/** What the playground uses of a pod's `spec`. Everything else is accepted and has no effect. */
export interface PodSpec {
  readonly serviceAccount: string;
  readonly initContainers: readonly Container[];
  readonly containers: readonly Container[];
  readonly volumes: readonly Volume[];
  readonly restartPolicy: 'Always' | 'OnFailure' | 'Never';
  readonly terminationGraceMs: number;
  readonly hostNetwork: boolean;
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly env: readonly EnvEntry[];
  readonly workingDir: string | undefined;
  readonly mounts: readonly VolumeMount[];
  readonly ports: readonly { readonly name: string; readonly port: number }[];
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly probes: {
    readonly startup?: Probe;
    readonly readiness?: Probe;
    readonly liveness?: Probe;
  };
  /** A native sidecar: an init container with `restartPolicy: Always`. */
  readonly isSidecar: boolean;
}

export type EnvEntry =
  | { readonly kind: 'value'; readonly name: string; readonly value: string }
  | { readonly kind: 'field'; readonly name: string; readonly path: string }
  | {
      readonly kind: 'key';
      readonly name: string;
      readonly source: ObjectSource;
      readonly key: string;
      readonly optional: boolean;
    }
  | {
      readonly kind: 'all';
      readonly prefix: string;
      readonly source: ObjectSource;
      readonly optional: boolean;
    };

/** A ConfigMap or Secret of the pod's namespace. */
export interface ObjectSource {
  readonly kind: 'ConfigMap' | 'Secret';
  readonly name: string;
}

export type Volume =
  | {
      readonly kind: 'object';
      readonly name: string;
      readonly source: ObjectSource;
      readonly items: ReadonlyMap<string, string>;
      readonly optional: boolean;
    }
  | { readonly kind: 'emptyDir'; readonly name: string }
  /** A directory that outlives the pod. */
  | { readonly kind: 'claim'; readonly name: string; readonly claim: string }
  | { readonly kind: 'hostPath'; readonly name: string; readonly path: string };

export interface VolumeMount {
  readonly volume: string;
  readonly path: string;
  readonly subPath: string | undefined;
  readonly readOnly: boolean;
}

/** Reads a pod's spec; the error names the field, below the path of the spec itself. */
export function parsePodSpec(spec: Json | undefined, path = 'spec'): Result<PodSpec, string> {
  try {
    return ok(readPodSpec(field(spec, path)));
  } catch (thrown) {
    if (thrown instanceof FieldError) return err(thrown.message);
    throw thrown;
  }
}

function readPodSpec(spec: Field): PodSpec {
  const podUser = spec.at('securityContext');
  const containers = spec
    .at('containers')
    .items()
    .map((item) => readContainer(item, podUser));
  if (containers.length === 0) spec.at('containers').fail('a list with at least one container');
  const initContainers = spec
    .at('initContainers')
    .items()
    .map((item) => readContainer(item, podUser));
  const volumes = spec.at('volumes').items().map(readVolume);
  const known = new Set(volumes.map((volume) => volume.name));
  for (const container of [...initContainers, ...containers]) {
    const missing = container.mounts.find((mount) => !known.has(mount.volume));
    if (missing) {
      throw new FieldError(
        `container ${container.name} mounts volume "${missing.volume}", which spec.volumes does not have`,
      );
    }
  }
  const restartPolicy = spec.at('restartPolicy').text() ?? 'Always';
  if (restartPolicy !== 'Always' && restartPolicy !== 'OnFailure' && restartPolicy !== 'Never') {
    return spec.at('restartPolicy').fail('Always, OnFailure or Never');
  }
  return {
    serviceAccount:
      spec.at('serviceAccountName').text() ?? spec.at('serviceAccount').text() ?? 'default',
    initContainers,
    containers,
    volumes,
    restartPolicy,
    terminationGraceMs: (spec.at('terminationGracePeriodSeconds').integer() ?? 30) * 1000,
    hostNetwork: spec.at('hostNetwork').flag() ?? false,
  };
}

function readContainer(container: Field, podUser: Field): Container {
  const user = container.at('securityContext');
  const probe = <K extends string>(key: K, name: string): { [P in K]?: Probe } => {
    const at = container.at(name);
    return (at.value === undefined || at.value === null ? {} : { [key]: readProbe(at) }) as {
      [P in K]?: Probe;
    };
  };
  return {
    name: container.at('name').requiredText(),
    image: container.at('image').text() ?? '',
    command: container.at('command').texts(),
    args: container.at('args').texts(),
    env: [
      ...container.at('envFrom').items().map(readEnvFrom),
      ...container.at('env').items().map(readEnv),
    ],
    workingDir: container.at('workingDir').text(),
    mounts: container.at('volumeMounts').items().map(readMount),
    ports: container
      .at('ports')
      .items()
      .map((port) => ({
        name: port.at('name').text() ?? '',
        port: port.at('containerPort').integer() ?? port.at('containerPort').fail('a port number'),
      })),
    uid: user.at('runAsUser').integer() ?? podUser.at('runAsUser').integer(),
    gid: user.at('runAsGroup').integer() ?? podUser.at('runAsGroup').integer(),
    probes: {
      ...probe('startup', 'startupProbe'),
      ...probe('readiness', 'readinessProbe'),
      ...probe('liveness', 'livenessProbe'),
    },
    isSidecar: container.at('restartPolicy').text() === 'Always',
  };
}

function readEnv(entry: Field): EnvEntry {
  const name = entry.at('name').requiredText();
  const from = entry.at('valueFrom');
  if (from.value === undefined || from.value === null)
    return { kind: 'value', name, value: entry.at('value').text() ?? '' };
  const path = from.at('fieldRef').at('fieldPath').text();
  if (path !== undefined) return { kind: 'field', name, path };
  for (const [at, kind] of [
    [from.at('configMapKeyRef'), 'ConfigMap'],
    [from.at('secretKeyRef'), 'Secret'],
  ] as const) {
    if (at.value === undefined) continue;
    const source = { kind, name: at.at('name').requiredText() };
    return {
      kind: 'key',
      name,
      source,
      key: at.at('key').requiredText(),
      optional: at.at('optional').flag() ?? false,
    };
  }
  return from.fail('fieldRef, configMapKeyRef or secretKeyRef');
}

function readEnvFrom(entry: Field): EnvEntry {
  const prefix = entry.at('prefix').text() ?? '';
  for (const [at, kind] of [
    [entry.at('configMapRef'), 'ConfigMap'],
    [entry.at('secretRef'), 'Secret'],
  ] as const) {
    if (at.value === undefined) continue;
    return {
      kind: 'all',
      prefix,
      source: { kind, name: at.at('name').requiredText() },
      optional: at.at('optional').flag() ?? false,
    };
  }
  return entry.fail('configMapRef or secretRef');
}

function readVolume(volume: Field): Volume {
  const name = volume.at('name').requiredText();
  const items = (at: Field): ReadonlyMap<string, string> =>
    new Map(
      at
        .at('items')
        .items()
        .map((item) => [item.at('key').requiredText(), item.at('path').requiredText()]),
    );
  const object = (at: Field, source: ObjectSource): Volume => ({
    kind: 'object',
    name,
    source,
    items: items(at),
    optional: at.at('optional').flag() ?? false,
  });
  const secret = volume.at('secret');
  if (secret.value !== undefined)
    return object(secret, { kind: 'Secret', name: secret.at('secretName').requiredText() });
  const config = volume.at('configMap');
  if (config.value !== undefined)
    return object(config, { kind: 'ConfigMap', name: config.at('name').requiredText() });
  const host = volume.at('hostPath');
  if (host.value !== undefined)
    return { kind: 'hostPath', name, path: host.at('path').requiredText() };
  if (volume.at('emptyDir').value !== undefined) return { kind: 'emptyDir', name };
  const claim = volume.at('persistentVolumeClaim');
  if (claim.value !== undefined)
    return { kind: 'claim', name, claim: claim.at('claimName').requiredText() };
  return volume.fail(
    'a volume of kind secret, configMap, emptyDir, hostPath or persistentVolumeClaim: the playground has no others',
  );
}

function readMount(mount: Field): VolumeMount {
  const path = mount.at('mountPath').requiredText();
  if (!path.startsWith('/')) mount.at('mountPath').fail('an absolute path');
  return {
    volume: mount.at('name').requiredText(),
    path,
    subPath: mount.at('subPath').text(),
    readOnly: mount.at('readOnly').flag() ?? false,
  };
}
