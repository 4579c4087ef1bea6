import { defineConfig } from 'vitest/config';

// One config for all projects (run.mjs). Results go where `npm test` and CI add them up.
const project = process.env['OSM_TEST_PROJECT'] ?? 'unknown';

export default defineConfig({
  test: {
    include: ['{src,testing}/**/*.spec.ts'],
    passWithNoTests: true,
    testTimeout: 30_000,
    reporters: [
      'default',
      ['json', { outputFile: `${import.meta.dirname}/../../dist/test-results/${project}.json` }],
    ],
  },
});
