import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tail } from '../../../local/process/log.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-log-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function tailOf(lines: readonly string[], most?: number): Promise<string[]> {
  const file = join(directory, 'part.log');
  await writeFile(file, `${lines.join('\n')}\n`);
  return (await tail(file, most)).split('\n');
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, index) => `line ${index}`);

describe('the end of a log', () => {
  it('is its last lines', async () => {
    expect(await tailOf(numbered(20), 3)).toEqual(['line 17', 'line 18', 'line 19']);
    expect(await tailOf(['only'], 3)).toEqual(['only']);
    expect(await tail(join(directory, 'none.log'))).toBe('');
  });

  it('of a program that panicked shows why it did, not the deepest of its stack', async () => {
    // As of Temporal 1.5.1 when another stack took its port a moment before.
    const reason =
      'level=ERROR msg="Failed to start gRPC listener" error="listen tcp 127.0.0.1:7233: bind: address already in use"';
    const panic = 'panic: runtime error: invalid memory address or nil pointer dereference';
    const shown = await tailOf([...numbered(5), reason, panic, '', 'goroutine 1 [running]:', ...numbered(40)]);
    expect(shown).toHaveLength(10);
    expect(shown).toEqual(expect.arrayContaining([reason, panic]));
  });

  it('of a panic in its last line is that line and those before it', async () => {
    expect(await tailOf([...numbered(20), 'panic: enough'], 3)).toEqual(['line 18', 'line 19', 'panic: enough']);
  });
});
