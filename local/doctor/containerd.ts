import { packagePath } from '../asset.ts';
import { inspectRequirements } from '../containerd/requirements.ts';
import type { Finding } from './finding.ts';

/**
 * What the containerd runtime needs of the system.
 * @param wanted whether the stack in question runs on it: then a missing piece is a problem
 */
export async function inspectContainerd(wanted: boolean): Promise<Finding[]> {
  const lacking = wanted ? 'problem' : 'absent';
  const linux = process.platform === 'linux';
  const root = process.getuid?.() === 0;
  const user: Finding = {
    group: 'containerd',
    name: 'root on Linux',
    ...(linux && root
      ? { state: 'ok', detail: 'yes' }
      : {
          state: lacking,
          detail: linux ? 'this user is not root' : `this is ${process.platform}`,
          next: linux ? 'Run with sudo, or use the kwok runtime.' : 'Use the kwok runtime.',
        }),
  };
  if (!linux) return [user];
  const requirements = await inspectRequirements();
  return [
    user,
    ...requirements.map(
      ({ name, path, debianPackage }): Finding =>
        path === undefined
          ? {
              group: 'containerd',
              name,
              state: lacking,
              detail: 'not here',
              next: `On Debian or Ubuntu: \`bash ${packagePath('local/containerd/install.sh')}\` as root, or the package ${debianPackage}.`,
            }
          : { group: 'containerd', name, state: 'ok', detail: 'found', path },
    ),
  ];
}
