import { SluiceError } from '../../workflows/contract/errors.ts';
import type { Platform } from './catalog.ts';

const systems = { linux: 'linux', darwin: 'darwin' } as const;
const architectures = { x64: 'amd64', arm64: 'arm64' } as const;

/** This machine, in the words of Go releases. @throws LOCAL_UNSUPPORTED on others than Linux and macOS on amd64 and arm64 */
export function currentPlatform(os: string = process.platform, cpu: string = process.arch): Platform {
  const system = Object.entries(systems).find(([name]) => name === os)?.[1];
  const arch = Object.entries(architectures).find(([name]) => name === cpu)?.[1];
  if (system === undefined || arch === undefined) {
    throw new SluiceError('LOCAL_UNSUPPORTED', `The local stack does not run on ${os}/${cpu}.`, {
      next: 'Use Linux or macOS on amd64 or arm64, or a cluster and a Temporal server of your own.',
    });
  }
  return { os: system, arch };
}
