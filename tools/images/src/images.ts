import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { MeshError } from '@osm/prelude';
import { nodeFlags, repositoryRoot, serviceNames, type ProgramName } from '@osm/services';
import { hostFile, hostTree, program, scriptFile, type ImageFile } from './image-file.ts';
import { identityFiles } from './node-runtime.ts';
import { worldsFiles } from './worlds-image.ts';

/** How the container starts. */
export interface ImageConfig {
  readonly entrypoint: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** `uid:gid`. */
  readonly user: string;
  readonly workdir: string;
}

/** An image to build: its layers from the bottom up. */
export interface ImagePlan {
  readonly name: string;
  readonly layers: readonly (readonly ImageFile[])[];
  readonly config: ImageConfig;
}

/** Where the files of images come from. */
export interface ImageSources {
  /** The files of the Node runtime: the layer that all of ours share. */
  readonly runtime: () => readonly ImageFile[];
  /** The bundle of a program. */
  readonly bundle: (name: ProgramName) => string;
  /** Other projects' programs. */
  readonly envoy: () => string;
  readonly nats: () => string;
}

const nonRoot = '65532:65532';

/** Programs of ours that run in a cluster; the person's hands (`osm`) are no image. */
export const programImages = [
  ...serviceNames,
  'bootstrap',
  'healthcheck',
] as const satisfies readonly ProgramName[];

/** All that an installation needs and nobody else has. */
export const ownImages = [...programImages, 'init'] as const;

/** Other people's programs: for clusters that cannot pull theirs from a registry. */
export const foreignImages = ['envoy', 'nats'] as const;

/** The demo, and what the tests on a cluster run in their pods; `app` is that of recorded worlds. */
export const scriptImages = ['bookstore', 'e2e', 'app'] as const;

export const imageNames = [...ownImages, ...foreignImages, ...scriptImages] as const;

export type ImageName = (typeof imageNames)[number];

export function planImage(name: ImageName, sources: ImageSources): ImagePlan {
  switch (name) {
    case 'init':
      return planInit();
    case 'envoy':
      return planForeign(name, sources.envoy(), '/usr/local/bin/envoy');
    case 'nats':
      return planForeign(name, sources.nats(), '/usr/local/bin/nats-server');
    case 'bookstore':
      return planScripts(name, 'tools/playground/demo/apps', sources);
    case 'e2e':
      return planScripts(name, 'apps/kubernetes-e2e/image', sources);
    case 'app':
      return planWorlds(name, sources);
    default:
      return planProgram(name, sources);
  }
}

/** A program of ours: the runtime, which all of them share, and one file. */
function planProgram(
  name: (typeof programImages)[number],
  { runtime, bundle }: ImageSources,
): ImagePlan {
  const path = '/app/main.mjs';
  const main = scriptFile(bundle(name), path);
  // Pods call it by OSM's name for it.
  const alias: ImageFile = { kind: 'link', path: '/osm-healthcheck', target: path };
  return {
    name,
    layers: [runtime(), name === 'healthcheck' ? [main, alias] : [main]],
    config: {
      user: nonRoot,
      workdir: '/app',
      entrypoint: ['/usr/local/bin/node', ...nodeFlags, path],
      environment: { NODE_ENV: 'production' },
    },
  };
}

/** Scripts for Node; the pod says which: `command: [node, buyer.mjs]`. */
function planScripts(name: string, folder: string, { runtime }: ImageSources): ImagePlan {
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

/** Their pods say what it does: `args: [serve, ...]`. Any user may read its key: worlds run it as several. */
function planWorlds(name: string, { runtime }: ImageSources): ImagePlan {
  return {
    name,
    layers: [runtime(), worldsFiles()],
    config: {
      user: nonRoot,
      workdir: '/app',
      entrypoint: ['/usr/local/bin/node', '/app/app.js'],
      environment: { PATH: '/usr/local/bin:/usr/bin:/bin' },
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
      workdir: '/',
      entrypoint: ['/bin/sh'],
      environment: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    },
  };
}

function planForeign(name: string, host: string, path: string): ImagePlan {
  return {
    name,
    layers: [[...identityFiles, ...program(host, path)]],
    config: {
      user: nonRoot,
      workdir: '/',
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
