import { basename } from 'node:path';
import { defineConfig } from 'vitest/config';

// One config for all projects, run with --root <project>. Results go where `npm test` and CI add them up.
const project = basename(process.env['NX_TASK_TARGET_PROJECT'] ?? process.cwd());

export default defineConfig({
  test: {
    include: ['{src,testing,tests}/**/*.spec.ts'],
    passWithNoTests: true,
    testTimeout: 30_000,
    reporters: ['default', ['json', { outputFile: `${import.meta.dirname}/../../dist/test-results/${project}.json` }]],
  },
});
