import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { backScript, namesOf, probeScript, swapScript, writeScript } from '../../../activities/reload/files.ts';

/** The scripts that run in containers, by the shell of this machine. */
describe('files of a reload', () => {
  let dir = '';
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'sluice-files-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  const at = (name: string) => join(dir, name);
  const sh = (script: string, words: readonly string[], input = '') =>
    execFileSync('sh', ['-c', script, 'sh', ...words], { input, encoding: 'utf8', stdio: 'pipe' });
  const holder = 'release/local/shop/deployment/checkout|1';
  const put = (files: Readonly<Record<string, string>>, by = holder): void => {
    for (const [name, text] of Object.entries(files)) {
      const [file, fresh] = namesOf(at(name), by);
      sh(writeScript, [file, fresh, String(Buffer.byteLength(text))], `${text}what follows is not of it`);
    }
    sh(
      swapScript,
      Object.keys(files).flatMap((name) => namesOf(at(name), by)),
    );
  };
  const back = (names: readonly string[], by = holder) =>
    sh(
      backScript,
      names.flatMap((name) => namesOf(at(name), by)),
    );
  const there = () => readdirSync(dir).toSorted();

  it('are put in place with the permissions of those before, and go back exactly: what was not there goes', () => {
    writeFileSync(at('app.conf'), 'old');
    chmodSync(at('app.conf'), 0o640);
    writeFileSync(at('target'), 'linked');
    symlinkSync('target', at('link'));
    put({ 'app.conf': 'new ✓', "it's new": '', link: 'a file now' });
    expect(readFileSync(at('app.conf'), 'utf8')).toBe('new ✓');
    expect(statSync(at('app.conf')).mode & 0o777).toBe(0o640);
    expect(readFileSync(at("it's new"), 'utf8')).toBe('');
    expect(statSync(at("it's new")).mode & 0o777).toBe(0o644);
    expect(readFileSync(at('target'), 'utf8')).toBe('linked');
    back(['app.conf', "it's new", 'link']);
    expect(readFileSync(at('app.conf'), 'utf8')).toBe('old');
    expect(statSync(at('app.conf')).mode & 0o777).toBe(0o640);
    expect(there()).toEqual(['app.conf', 'link', 'target']);
    expect(readFileSync(at('link'), 'utf8')).toBe('linked');
  });

  it('are put twice by one release: what was there at first is what goes back; and back twice is back', () => {
    writeFileSync(at('app.conf'), 'old');
    put({ 'app.conf': 'new', extra: 'x' });
    put({ 'app.conf': 'newer', extra: 'y' });
    back(['app.conf', 'extra']);
    back(['app.conf', 'extra']);
    expect(readFileSync(at('app.conf'), 'utf8')).toBe('old');
    expect(there()).toEqual(['app.conf']);
  });

  it('of the release before are what goes back, and what that one kept goes', () => {
    writeFileSync(at('app.conf'), 'one');
    put({ 'app.conf': 'two' }, 'first');
    put({ 'app.conf': 'three' }, 'second');
    expect(there().filter((name) => name.endsWith('-old'))).toHaveLength(1);
    back(['app.conf'], 'first');
    expect(readFileSync(at('app.conf'), 'utf8')).toBe('three');
    back(['app.conf'], 'second');
    expect(readFileSync(at('app.conf'), 'utf8')).toBe('two');
    expect(there()).toEqual(['app.conf']);
  });

  it('that do not arrive whole are not put in place', () => {
    writeFileSync(at('app.conf'), 'old');
    const [file, fresh] = namesOf(at('app.conf'), holder);
    expect(() => sh(writeScript, [file, fresh, '10'], 'short')).toThrow(/app.conf did not arrive whole/);
    expect(readFileSync(at('app.conf'), 'utf8')).toBe('old');
  });

  it('need a directory that is there', () => {
    expect(sh(probeScript, [at('a'), at('b')])).toBe('');
    expect(() => sh(probeScript, [at('none/a')])).toThrow(/it has no directory .*none/);
    expect(() => sh(probeScript, [dir])).toThrow(/is a directory/);
  });
});
