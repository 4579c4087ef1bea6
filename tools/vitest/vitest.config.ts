import { defineConfig } from 'vitest/config';

// One config for all projects (run.mjs). Results go where `npm test` and CI add them up.
const project = process.env['OSM_TEST_PROJECT'] ?? 'unknown';
// `*.kubernetes.spec.ts` need a cluster and run on their own (kubernetes.mjs).
const onCluster = process.env['OSM_TEST_KUBERNETES'] === '1';

export default defineConfig({
  test: {
    include: [onCluster ? '{src,testing}/**/*.kubernetes.spec.ts' : '{src,testing}/**/*.spec.ts'],
    exclude: onCluster ? [] : ['**/*.kubernetes.spec.ts'],
    passWithNoTests: true,
    testTimeout: 30_000,
    reporters: [
      'default',
      ['json', { outputFile: `${import.meta.dirname}/../../dist/test-results/${project}.json` }],
    ],
  },
});
