import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { BinaryName } from '../binaries/catalog.ts';

/** Programs that want another word than --version. */
const questions: Readonly<Partial<Record<BinaryName, readonly string[]>>> = {
  crane: ['version'],
  kubectl: ['version', '--client'],
};

/**
 * Asks a program for its version.
 * @returns like "1.34.4"; undefined when it does not run or does not say (agnhost)
 */
export async function versionOf(name: BinaryName, path: string): Promise<string | undefined> {
  return firstVersion(await outputOf(path, questions[name] ?? ['--version']));
}

/** The first thing that looks like a version in what a program prints on either output; undefined when it cannot be run. */
export async function outputOf(path: string, args: readonly string[]): Promise<string | undefined> {
  try {
    const { stdout, stderr } = await promisify(execFile)(path, args, { timeout: 10_000 });
    return `${stdout}\n${stderr}`;
  } catch {
    return undefined;
  }
}

/** "Kubernetes v1.34.4" → "1.34.4" */
export function firstVersion(text: string | undefined): string | undefined {
  return /\bv?(\d+\.\d+(?:\.\d+)?(?:[-+][\w.]+)?)/.exec(text ?? '')?.[1];
}
