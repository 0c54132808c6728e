import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** The version of the Go that is on the PATH, like "1.26.8"; undefined when there is none. */
export async function findGo(): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)('go', ['env', 'GOVERSION'], {
      env: { ...process.env, GOTOOLCHAIN: 'local' },
    });
    return stdout.trim().replace(/^go/, '');
  } catch {
    return undefined;
  }
}
