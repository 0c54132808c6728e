import { execFile } from 'node:child_process';
import { SluiceError } from '../../workflows/contract/errors.ts';

/** Debian keeps these out of the PATH of an ordinary login shell, which `sudo` may hand on. */
const systemDirectories = '/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin';

/** A PATH on which the programs of the system are found, whoever calls. */
export function systemPath(): string {
  return [process.env['PATH'], systemDirectories].filter(Boolean).join(':');
}

/**
 * Runs a program to its end.
 * @param options.env added to the environment
 * @returns its standard output
 * @throws LOCAL_UNSUPPORTED with the command and what it said, when it fails
 */
export function run(
  program: string,
  args: readonly string[],
  options: { env?: Readonly<Record<string, string>>; signal?: AbortSignal | undefined } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      program,
      args,
      {
        env: { ...process.env, PATH: systemPath(), ...options.env },
        maxBuffer: 16 * 1024 * 1024,
        ...(options.signal && { signal: options.signal }),
      },
      (error, stdout, stderr) => {
        if (error === null) {
          resolve(stdout);
          return;
        }
        options.signal?.throwIfAborted();
        const said = stderr.trim() || error.message;
        reject(
          new SluiceError('LOCAL_UNSUPPORTED', `\`${[program, ...args].join(' ')}\` failed: ${said}`, { cause: error }),
        );
      },
    );
  });
}
