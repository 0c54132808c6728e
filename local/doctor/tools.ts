import { findGo } from '../binaries/find-go.ts';
import type { Finding } from './finding.ts';
import { firstVersion, outputOf } from './version.ts';

/** Programs of others that help, none of which must be there. */
export async function inspectTools(): Promise<Finding[]> {
  const [go, java] = await Promise.all([findGo(), outputOf('java', ['-version']).then(firstVersion)]);
  return [
    {
      group: 'tools',
      name: 'go',
      ...(go === undefined
        ? {
            state: 'absent' as const,
            detail: 'not on the PATH; without it, programs that are not cached can only be downloaded',
            next: 'Install Go 1.24 or newer (https://go.dev/dl) if this machine cannot download.',
          }
        : { state: 'ok' as const, version: go, detail: 'builds what cannot be downloaded' }),
    },
    {
      group: 'tools',
      name: 'java',
      ...(java === undefined
        ? {
            state: 'absent' as const,
            detail: 'not on the PATH; the time-skipping workflow tests are skipped',
            next: 'Install a Java 11 or newer runtime to run them.',
          }
        : { state: 'ok' as const, version: java, detail: 'runs the time-skipping workflow tests' }),
    },
  ];
}
