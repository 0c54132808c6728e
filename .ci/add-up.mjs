// Adds up vitest's JSON reports of a folder and prints `N passed, N failed, N skipped` last. Of a file that was run a
// second time (`<name>.again.json`) the second run counts, and the first is named.
import { readdirSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';

const [folder, failedSteps] = process.argv.slice(2);
const files = new Map();
// `e2e.again.json` sorts before `e2e.json`.
const reports = readdirSync(folder).filter((name) => name.endsWith('.json'));
for (const report of reports.toSorted().toReversed()) {
  for (const result of JSON.parse(readFileSync(`${folder}/${report}`, 'utf8')).testResults) {
    const earlier = files.get(result.name);
    if (earlier) {
      const failed = earlier.assertionResults
        .filter(({ status }) => status === 'failed')
        .map(({ fullName }) => fullName);
      console.log(`run twice: ${relative('.', result.name)}: ${failed.join('; ') || 'the file itself'}`);
    }
    files.set(result.name, result);
  }
}
const count = { passed: 0, failed: 0, skipped: 0 };
for (const { name, status, assertionResults } of files.values()) {
  for (const { status: is } of assertionResults) count[is === 'passed' || is === 'failed' ? is : 'skipped'] += 1;
  for (const { status: is, fullName } of assertionResults) {
    if (is === 'failed') console.log(`failed: ${relative('.', name)}: ${fullName}`);
  }
  if (status !== 'failed' || assertionResults.some((one) => one.status === 'failed')) continue;
  count.failed += 1;
  console.log(`could not run: ${relative('.', name)}`);
}
// A step that failed although no test says so (lint, types, a runner that died) counts as one failure.
if (Number(failedSteps) > 0 && count.failed === 0) count.failed = Number(failedSteps);
console.log(`\n${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
process.exitCode = count.failed > 0 || count.passed === 0 ? 1 : 0;
