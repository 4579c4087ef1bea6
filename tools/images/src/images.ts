import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { MeshError } from '@osm/prelude';
import { bundlePath, repositoryRoot, serviceNames, type ServiceName } from '@osm/services';
import type { ImageConfig } from './archive.ts';
import { hostFile, hostTree, program, type ImageFile } from './image-file.ts';
import { identityFiles } from './node-runtime.ts';

/** An image to build: its layers from the bottom up. */
export interface ImagePlan {
  readonly name: string;
  readonly layers: readonly (readonly ImageFile[])[];
  readonly config: Omit<ImageConfig, 'labels'>;
}

export interface PlanOptions {
  /** The files of the Node runtime: the layer that all of ours share. */
  readonly runtime: () => readonly ImageFile[];
  /** Programs of other projects; a plan that needs one that is not given fails. */
  readonly envoy?: string | undefined;
  readonly nats?: string | undefined;
}

const nonRoot = '65532:65532';

/**
 * Names of all images. `init`, `envoy` and `nats` carry other people's programs: for clusters that cannot pull theirs from a registry.
 * `bookstore` is the demo, `e2e` what the tests on a cluster run in their pods.
 */
export const imageNames = [
  ...serviceNames,
  'bootstrap',
  'init',
  'envoy',
  'nats',
  'bookstore',
  'e2e',
] as const;

export type ImageName = (typeof imageNames)[number];

export function planImage(name: ImageName, options: PlanOptions): ImagePlan {
  switch (name) {
    case 'init':
      return planInit();
    case 'envoy':
      return planProgram(name, options.envoy, '/usr/local/bin/envoy');
    case 'nats':
      return planProgram(name, options.nats, '/usr/local/bin/nats-server');
    case 'bookstore':
      return planScripts(name, 'tools/playground/demo/apps', options);
    case 'e2e':
      return planScripts(name, 'apps/kubernetes-e2e/image', options);
    default:
      return planOwn(name, options);
  }
}

/** Scripts for Node; the pod says which: `command: [node, buyer.mjs]`. */
function planScripts(name: string, folder: string, { runtime }: PlanOptions): ImagePlan {
  return {
    name,
    layers: [runtime(), hostTree(join(repositoryRoot, folder), '/app')],
    config: {
      user: nonRoot,
      workdir: '/app',
      entrypoint: ['/usr/local/bin/node'],
      environment: { PATH: '/usr/local/bin:/usr/bin:/bin', NODE_ENV: 'production' },
    },
  };
}

/** A program of ours: the runtime, which all of them share, and one file. */
function planOwn(name: ServiceName | 'bootstrap', { runtime }: PlanOptions): ImagePlan {
  return {
    name,
    layers: [runtime(), [hostFile(bundlePath(name), '/app/main.mjs')]],
    config: {
      user: nonRoot,
      workdir: '/app',
      entrypoint: ['/usr/local/bin/node', '/app/main.mjs'],
      environment: { NODE_ENV: 'production' },
    },
  };
}

/** The init container: a shell, iptables, and the modules that iptables opens by name. */
function planInit(): ImagePlan {
  const binary = '/usr/sbin/xtables-nft-multi';
  const modules = modulesDirectory();
  const names = ['iptables', 'iptables-restore', 'iptables-save'];
  return {
    name: 'init',
    layers: [
      [
        ...identityFiles,
        ...program(binary, binary),
        ...program('/bin/sh', '/bin/sh'),
        ...program('/bin/cat', '/bin/cat'),
        ...hostTree(modules, modules),
        hostFile('/etc/protocols', '/etc/protocols'),
        { kind: 'directory', path: '/run', mode: 0o755 },
        ...names.map((name): ImageFile => ({
          kind: 'link',
          path: `/usr/sbin/${name}`,
          target: 'xtables-nft-multi',
        })),
      ],
    ],
    // As OSM: rules need root and NET_ADMIN, given by the pod that the injector makes.
    config: {
      user: '0:0',
      entrypoint: ['/bin/sh'],
      environment: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    },
  };
}

function planProgram(name: string, host: string | undefined, path: string): ImagePlan {
  if (host === undefined) {
    const remedy = `set ${name === 'envoy' ? 'ENVOY_PATH' : 'NATS_SERVER_PATH'}`;
    throw new MeshError('not_found', `image ${name} needs the program itself: ${remedy}`);
  }
  return {
    name,
    layers: [[...identityFiles, ...program(host, path)]],
    config: {
      user: nonRoot,
      entrypoint: [path],
      environment: { PATH: '/usr/local/bin:/usr/bin:/bin' },
    },
  };
}

/** Debian keeps them below a folder of the machine's architecture. */
function modulesDirectory(): string {
  const folders = ['', ...readdirSync('/usr/lib')].map((name) => join('/usr/lib', name, 'xtables'));
  const found = folders.find((folder) => existsSync(join(folder, 'libxt_owner.so')));
  if (found !== undefined) return found;
  throw new MeshError(
    'not_found',
    'image init needs iptables on this machine: apt-get install iptables',
  );
}
