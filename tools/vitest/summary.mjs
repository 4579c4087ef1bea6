// Adds up dist/test-results/*.json. Prints what failed, by name, and as its last line `N passed, N failed`.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const folder = resolve(import.meta.dirname, '../../dist/test-results');
let passed = 0;
let failed = 0;
for (const file of existsSync(folder) ? readdirSync(folder).sort() : []) {
  const result = JSON.parse(readFileSync(join(folder, file), 'utf8'));
  passed += result.numPassedTests;
  failed += result.numFailedTests;
  for (const suite of result.testResults) {
    const broken = suite.assertionResults.filter((test) => test.status === 'failed');
    if (suite.status === 'failed' && broken.length === 0) {
      failed += 1;
      console.log(`failed: ${file.replace('.json', '')}: ${suite.name}: ${suite.message}`);
    }
    for (const test of broken)
      console.log(`failed: ${file.replace('.json', '')}: ${test.fullName}`);
  }
}
if (passed + failed === 0) {
  console.log('failed: no test ran');
  failed = 1;
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
