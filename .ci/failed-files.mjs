// Test files that failed, of vitest's JSON report, relative to here: those to run once more. Nothing when no test ran (all are to be
// run once more); exit code 1 when there are so many that it is no accident.
import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';

const [report, most] = process.argv.slice(2);
const results = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')).testResults : [];
const files = results.filter(({ status }) => status === 'failed').map(({ name }) => relative('.', name));
if (files.length > Number(most) || (results.length > 0 && files.length === 0)) process.exit(1);
for (const file of files) console.log(file);
