import { preProcessFile } from 'typescript';
import type { Tree } from './tree.ts';

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** Dependencies that no import of a tracked file shows, with who uses them. */
const unseen: readonly (readonly [RegExp, string])[] = [
  [/^libs\/proto\//, 'generated code'],
  [/^tools\/codegen\//, 'runs its tools as programs'],
];

/**
 * Each package.json says what its project imports: `dependencies` what the running code needs, and nothing else; `devDependencies` the
 * packages of the mesh that only specs and test builders need. Test tools are declared once, at the root. A package has one version.
 */
export function* checkDependencies(tree: Tree): Generator<string> {
  const root = manifestAt(tree, 'package.json');
  const versions = new Map(Object.entries(root.devDependencies ?? {}));
  const projects = tree.files
    .filter((file) => file.endsWith('/project.json'))
    .map((file) => file.slice(0, -'project.json'.length));
  for (const folder of projects) {
    const file = `${folder}package.json`;
    const manifest = manifestAt(tree, file);
    yield* checkProject(tree, folder, manifest, root);
    for (const [name, version] of Object.entries({
      ...manifest.dependencies,
      ...manifest.devDependencies,
    })) {
      const other = versions.get(name);
      if (other === undefined) versions.set(name, version);
      else if (other !== version) yield `${file}: ${name} ${version}, elsewhere ${other}`;
    }
  }
}

function* checkProject(
  tree: Tree,
  folder: string,
  manifest: Manifest,
  root: Manifest,
): Generator<string> {
  const file = `${folder}package.json`;
  const declared = new Set(Object.keys(manifest.dependencies ?? {}));
  const forSpecs = new Set(Object.keys(manifest.devDependencies ?? {}));
  const known = new Set([manifest.name, ...Object.keys(root.devDependencies ?? {})]);
  const { running, testing } = importsOf(tree, folder);
  for (const name of running)
    if (!declared.has(name) && name !== manifest.name)
      yield `${file}: add ${name} to dependencies; src imports it`;
  for (const name of testing)
    if (!declared.has(name) && !forSpecs.has(name) && !known.has(name))
      yield `${file}: add ${name} to devDependencies; specs import it`;
  if (!unseen.some(([folders]) => folders.test(file)))
    for (const name of declared)
      if (!running.has(name))
        yield `${file}: ${testing.has(name) ? `move ${name} to devDependencies; only specs import it` : `remove ${name}; nothing imports it`}`;
  for (const name of forSpecs)
    if (!testing.has(name)) yield `${file}: remove ${name}; no spec imports it`;
}

/** The packages that a project imports: in what runs, and in specs and test builders. What a test library exports runs. */
function importsOf(
  tree: Tree,
  folder: string,
): { readonly running: ReadonlySet<string>; readonly testing: ReadonlySet<string> } {
  const running = new Set<string>();
  const testing = new Set<string>();
  for (const file of tree.files) {
    if (!file.startsWith(folder) || !/\.(ts|mjs)$/.test(file)) continue;
    const inProject = file.slice(folder.length);
    // Programs in directories that stand in for images run as well.
    const runs = /^(src|images)\//.test(inProject) && !file.endsWith('.spec.ts');
    for (const { fileName } of preProcessFile(tree.read(file), true, true).importedFiles) {
      const name = packageOf(fileName);
      if (name !== undefined) (runs ? running : testing).add(name);
    }
  }
  return { running, testing };
}

/** `@osm/bus` of `@osm/bus/testing`; undefined for relative paths and Node's own modules. */
function packageOf(specifier: string): string | undefined {
  if (/^(\.|node:)/.test(specifier)) return undefined;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function manifestAt(tree: Tree, file: string): Manifest {
  return JSON.parse(tree.read(file)) as Manifest;
}
