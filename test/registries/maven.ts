import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where what a server of the tests needs is kept, in Sluice's cache. */
export function testCache(name: string): string {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'sluice', 'test', name);
  mkdirSync(cache, { recursive: true });
  return cache;
}

/** Class path of the dependencies of a pom of this folder, from Maven Central on first use. @throws without Java or Maven */
export function classPathOf(pom: string, cache: string): string {
  const file = join(cache, 'classpath');
  if (!existsSync(file)) {
    const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:build-classpath';
    const options = ['-q', '-B', '-f', fileURLToPath(new URL(pom, import.meta.url)), goal, `-Dmdep.outputFile=${file}`];
    execFileSync('mvn', options, { stdio: 'ignore', timeout: 280_000 });
  }
  return readFileSync(file, 'utf8');
}
