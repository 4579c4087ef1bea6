import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** Where the cases are. */
export const casesDirectory = join(import.meta.dirname, '../cases');

/** What people write; everything else in a case's folder is golden. */
const sources: ReadonlySet<string> = new Set(['case.md', 'mesh.yaml']);

/** A case on disk. */
export interface CaseFolder {
  readonly name: string;
  /** What a user would apply. */
  readonly manifests: string;
  /** Golden texts by path within the folder. */
  readonly golden: ReadonlyMap<string, string>;
}

/** All cases, sorted by name. */
export function readCases(): readonly CaseFolder[] {
  return readdirSync(casesDirectory)
    .sort()
    .map((name) => {
      const folder = join(casesDirectory, name);
      const paths = filesBelow(folder).map((path) => relative(folder, path));
      for (const source of sources)
        if (!paths.includes(source)) throw new Error(`case ${name} lacks ${source}`);
      return {
        name,
        manifests: readFileSync(join(folder, 'mesh.yaml'), 'utf8'),
        golden: new Map(
          paths
            .filter((path) => !sources.has(path))
            .map((path) => [path, readFileSync(join(folder, path), 'utf8')]),
        ),
      };
    });
}

/** Makes the golden files of a case equal to `texts`; files that no longer belong to it go. */
export function writeGolden(
  { name, golden }: CaseFolder,
  texts: ReadonlyMap<string, string>,
): void {
  const folder = join(casesDirectory, name);
  for (const path of golden.keys()) if (!texts.has(path)) rmSync(join(folder, path));
  for (const [path, text] of texts) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  removeEmptyFolders(folder);
}

function removeEmptyFolders(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && readdirSync(path).length === 0) rmSync(path, { recursive: true });
  }
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder)
    .sort()
    .map((name) => join(folder, name))
    .flatMap((path) => (statSync(path).isDirectory() ? filesBelow(path) : [path]));
}
