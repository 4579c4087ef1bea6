// `summary.mjs [NOTE [FAILURE...]]`: adds up dist/test-results/*.json. Prints what failed, by name, what was skipped and what it
// needs (its name says so), the note, and as its last line `N passed, N failed`. Each FAILURE is one that no test could report.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const folder = resolve(import.meta.dirname, '../../dist/test-results');
const firstLine = (text) => text.trim().split('\n')[0];
const skipped = new Map();
let passed = 0;

/** By group: a group is left out as a whole. What a hook that failed left undone is no matter of choice, and not counted here. */
function countSkipped(project, tests) {
  for (const { status, ancestorTitles, fullName } of tests) {
    if (status === 'passed' || status === 'failed') continue;
    const group = ancestorTitles.find((title) => title.includes('(needs ')) ?? fullName;
    const what = `${project}: ${group}`;
    skipped.set(what, (skipped.get(what) ?? 0) + 1);
  }
}

const [note, ...others] = process.argv.slice(2);
let failed = others.length;
for (const text of others) console.log(`failed: ${text}`);
for (const file of existsSync(folder) ? readdirSync(folder).sort() : []) {
  const project = file.replace('.json', '');
  const result = JSON.parse(readFileSync(join(folder, file), 'utf8'));
  passed += result.numPassedTests;
  failed += result.numFailedTests;
  for (const suite of result.testResults) {
    if (suite.status !== 'failed') countSkipped(project, suite.assertionResults);
    const broken = suite.assertionResults.filter((test) => test.status === 'failed');
    if (suite.status === 'failed' && broken.length === 0) {
      failed += 1;
      console.log(`failed: ${project}: ${suite.name}: ${firstLine(suite.message)}`);
    }
    for (const test of broken) {
      const reason = firstLine(test.failureMessages.join('\n'));
      console.log(`failed: ${project}: ${test.fullName}: ${reason}`);
    }
  }
}
for (const [what, count] of skipped) console.log(`skipped: ${what}: ${count}`);
if (passed + failed === 0) {
  console.log('failed: no test ran');
  failed = 1;
}
if (note) console.log(note);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
