import type { Tree } from './tree.ts';

const layerOfFolder: readonly (readonly [RegExp, string])[] = [
  [/^libs\/base\//, 'layer:base'],
  [/^libs\/proto\//, 'layer:proto'],
  [/^libs\/core\//, 'layer:core'],
  [/^libs\/adapters\//, 'layer:adapter'],
  [/^libs\/testing\//, 'layer:testing'],
  [/^apps\/(mesh|kubernetes)-e2e\//, 'layer:e2e'],
  [/^apps\//, 'layer:app'],
  [/^tools\//, 'layer:tool'],
];
const families = ['layer:', 'platform:', 'npm:'];

/** Every project has one tag per family, and folder and layer agree: the boundary lint trusts the tags. */
export function* checkProjects(tree: Tree): Generator<string> {
  for (const file of tree.files.filter((name) => name.endsWith('/project.json'))) {
    const { name, tags } = JSON.parse(tree.read(file)) as { name: string; tags: string[] };
    for (const family of families) {
      const count = tags.filter((tag) => tag.startsWith(family)).length;
      if (count !== 1) yield `${file}: ${count} tags of family ${family}, wanted exactly one`;
    }
    const layer = layerOfFolder.find(([folder]) => folder.test(file))?.[1];
    if (layer !== undefined && !tags.includes(layer)) yield `${file}: lies in a folder of ${layer}`;
    const manifest = file.replace('project.json', 'package.json');
    const pkg = JSON.parse(tree.read(manifest)) as { name: string };
    if (pkg.name !== `@osm/${name}`) yield `${manifest}: named ${pkg.name}, wanted @osm/${name}`;
    const main = file.replace('project.json', 'src/main.ts');
    if (layer === 'layer:app' && tree.exists(main)) {
      const lines = tree.read(main).split('\n').length - 1;
      if (lines > 40) yield `${main}: ${lines} lines, at most 40: move the wiring to service.ts`;
    }
    if (layer === 'layer:app' && !tree.exists(file.replace('project.json', 'README.md')))
      yield `${file}: an app has a README.md: inputs, outputs, metrics, failure modes`;
  }
}
