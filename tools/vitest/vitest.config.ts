import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

// One config for all projects (run.mjs). Results go where `npm test` and CI add them up.
const project = process.env['OSM_TEST_PROJECT'] ?? 'unknown';
// `*.kubernetes.spec.ts` need a cluster and run on their own (kubernetes.mjs).
const onCluster = process.env['OSM_TEST_KUBERNETES'] === '1';
const setup = process.env['OSM_TEST_SETUP'] ?? '';

/** By name: what installs meshes of its own comes before those who share one. */
class ByName extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return Promise.resolve(files.toSorted((a, b) => (a.moduleId < b.moduleId ? -1 : 1)));
  }
}

/** A cluster is one for all, and slower than a process. */
const cluster = {
  fileParallelism: false,
  testTimeout: 120_000,
  hookTimeout: 240_000,
  globalSetup: setup === '' ? [] : [setup],
  sequence: { sequencer: ByName },
};

export default defineConfig({
  test: {
    include: [onCluster ? '{src,testing}/**/*.kubernetes.spec.ts' : '{src,testing}/**/*.spec.ts'],
    exclude: onCluster ? [] : ['**/*.kubernetes.spec.ts'],
    passWithNoTests: true,
    // Bounds of what hangs, not of what is slow: removing a folder has taken 10 s on a busy disk.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 20_000 } },
    setupFiles: [`${import.meta.dirname}/patience.ts`],
    ...(onCluster ? cluster : {}),
    reporters: [
      'default',
      ['json', { outputFile: `${import.meta.dirname}/../../dist/test-results/${project}.json` }],
    ],
  },
});
