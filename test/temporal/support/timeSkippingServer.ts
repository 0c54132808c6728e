import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const version = '1.38.0';

/**
 * Path of an executable that runs Temporal's time-skipping test server (Java, from Maven Central), made on first use;
 * undefined where there is no Java or Maven: then the tests that need it are skipped by name.
 */
export function timeSkippingServer(): string | undefined {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'sluice', 'test');
  const executable = join(cache, `temporal-test-server-${version}-light`);
  if (existsSync(executable)) return executable;
  try {
    execFileSync('java', ['-version'], { stdio: 'ignore' });
    mkdirSync(cache, { recursive: true });
    const pom = fileURLToPath(new URL('time-skipping-pom.xml', import.meta.url));
    const classPath = join(cache, 'test-server-classpath');
    const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:build-classpath';
    execFileSync('mvn', ['-q', '-B', '-f', pom, goal, `-Dmdep.outputFile=${classPath}`], {
      stdio: 'ignore',
      timeout: 300_000,
    });
    // It lives for seconds: what Java prepares for a long life costs more than it brings.
    const script = `#!/bin/sh\nexec java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp "$(cat '${classPath}')" io.temporal.testserver.TestServer "$@"\n`;
    writeFileSync(executable, script);
    chmodSync(executable, 0o755);
    return executable;
  } catch {
    return undefined;
  }
}
