import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { completionScripts, shells } from '../../../client/cli/completion/scripts.ts';
import { sluice } from './io.ts';

const nowhere = { TEMPORAL_ADDRESS: '127.0.0.1:1' };
const complete = async (...words: string[]): Promise<string[]> => {
  const { stdout, exit, stderr } = await sluice(['__complete', '--', ...words], { env: nowhere });
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
  return stdout.split('\n').flatMap((line) => (line === '' ? [] : [line.split('\t')[0] ?? '']));
};

describe('what fits at the cursor', () => {
  test('commands, by what was typed of them, without the hidden ones', async () => {
    expect(await complete('re')).toEqual(expect.arrayContaining(['release', 'reject', 'restart', 'resume']));
    expect(await complete('')).not.toContain('__complete');
    expect(await complete('take')).toEqual(['take-over', 'take-back']);
  });

  test('options that are not given yet, and the values of those that have some', async () => {
    expect(await complete('status', '--wa')).toEqual(['--watch', '--wait']);
    expect(await complete('status', '--watch', '--wa')).toEqual(['--wait']);
    expect(await complete('restart', '--cont')).toEqual(['--container']);
    // What it runs is not for anybody to say.
    expect(await complete('restart', '--im')).toEqual([]);
    expect(await complete('list', '-o', '')).toEqual(expect.arrayContaining(['json', 'table']));
    expect(await complete('list', '--output', 'j')).toEqual(['json']);
  });

  test('values of an argument', async () => {
    expect(await complete('completion', '')).toEqual([...shells]);
    expect(await complete('completion', 'b')).toEqual(['bash']);
  });

  test("nothing where a file or the user's own text belongs, or where no server answers", async () => {
    expect(await complete('release', '-f', '')).toEqual([]);
    expect(await complete('status', '')).toEqual([]);
    expect(await complete('status', 'deployment/x', '-n', 'shop', '')).toEqual([]);
  });
});

describe('the scripts', () => {
  test('an unknown shell is refused with those there are', async () => {
    const { exit, stderr } = await sluice(['completion', 'tcsh']);
    expect(exit).toBe(1);
    expect(stderr).toContain('bash, zsh, fish');
  });

  test('bash completes with it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-completion-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const script = join(folder, 'completion.bash');
    writeFileSync(script, completionScripts.bash);
    const stand = join(folder, 'sluice');
    // The words that the script asks with, and an answer in its form.
    writeFileSync(
      stand,
      `#!/bin/sh\nprintf '%s\\n' "$*" >> '${folder}/asked'\nprintf 'take-over\\tundo it\\nadopt\\tkeep it\\n'\n`,
    );
    chmodSync(stand, 0o755);
    const shell = `PATH='${folder}':$PATH; source '${script}'; COMP_WORDS=(sluice status ''); COMP_CWORD=2; _sluice; printf '%s ' "\${COMPREPLY[@]}"; cat '${folder}/asked'`;
    expect(execFileSync('bash', ['-c', shell], { encoding: 'utf8' })).toBe('take-over adopt __complete -- status \n');
  });
});
