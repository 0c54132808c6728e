import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { SluiceError } from '../../workflows/contract/errors.ts';
import { packagePath } from '../asset.ts';
import { systemPath } from './run.ts';

/** Something of the system that the containerd runtime needs, and the Debian package that has it. */
export interface Requirement {
  readonly name: string;
  readonly debianPackage: string;
  /** Absolute path, where it is there. */
  readonly path?: string;
}

const programs: Readonly<Record<string, string>> = {
  containerd: 'containerd',
  runc: 'runc',
  iptables: 'iptables',
  ip: 'iproute2',
  nsenter: 'util-linux',
  unshare: 'util-linux',
  mount: 'mount',
  tar: 'tar',
};

/** Where the CNI plug-ins are: Debian's place, and everybody else's. */
const pluginDirectories = ['/usr/lib/cni', '/opt/cni/bin'];

/** What the containerd runtime needs of the system and where it is; for `sluice doctor`. Changes nothing. */
export async function inspectRequirements(): Promise<readonly Requirement[]> {
  const directories = systemPath().split(':');
  const found = Object.entries(programs).map(async ([name, debianPackage]) =>
    requirement(name, debianPackage, await firstExecutable(directories, name)),
  );
  const busybox = firstExecutable(directories, 'busybox').then(async (path) =>
    requirement('busybox (static)', 'busybox-static', path !== undefined && (await isStatic(path)) ? path : undefined),
  );
  const bridge = firstExecutable(pluginDirectories, 'bridge').then((path) =>
    requirement('CNI plug-ins', 'containernetworking-plugins', path),
  );
  return Promise.all([...found, busybox, bridge]);
}

/**
 * The paths of what the containerd runtime needs, by name.
 * @throws LOCAL_UNSUPPORTED on another system than Linux, without root, or when something is missing
 */
export async function requireSystem(): Promise<Readonly<Record<string, string>>> {
  if (process.platform !== 'linux') {
    throw new SluiceError('LOCAL_UNSUPPORTED', `The containerd runtime needs Linux; this is ${process.platform}.`, {
      next: 'Use `sluice up` with its default runtime, kwok.',
    });
  }
  if (process.getuid?.() !== 0) {
    throw new SluiceError('LOCAL_UNSUPPORTED', 'The containerd runtime needs root: it starts real containers.', {
      next: 'Run the command with sudo, or use the default runtime, kwok.',
    });
  }
  const all = await inspectRequirements();
  const missing = all.filter(({ path }) => path === undefined);
  if (missing.length > 0) {
    throw new SluiceError(
      'LOCAL_UNSUPPORTED',
      `The containerd runtime needs ${missing.map(({ name }) => name).join(', ')}, which this machine does not have.`,
      {
        next: `On Debian or Ubuntu run \`bash ${packagePath('local/containerd/install.sh')}\` as root; it installs ${[...new Set(missing.map(({ debianPackage }) => debianPackage))].join(' ')}.`,
        details: { missing: missing.map(({ name }) => name) },
      },
    );
  }
  return Object.fromEntries(all.map(({ name, path }) => [name, path ?? '']));
}

const requirement = (name: string, debianPackage: string, path: string | undefined): Requirement => ({
  name,
  debianPackage,
  ...(path === undefined ? {} : { path }),
});

async function firstExecutable(directories: readonly string[], name: string): Promise<string | undefined> {
  for (const directory of directories) {
    const path = join(directory, name);
    const executable = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (executable) return path;
  }
  return undefined;
}

/** The ordinary busybox needs a C library, which the images do not have. ldd refuses a static program. */
function isStatic(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    execFile('ldd', [path], { env: { PATH: systemPath() } }, (error) => resolve(error !== null));
  });
}
