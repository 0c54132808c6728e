import { join } from 'node:path';
import type { BinaryName } from './binaries/catalog.ts';
import { type KubernetesCall, openKubernetes } from './kubernetes/client.ts';
import { writeKubeconfig } from './kubernetes/kubeconfig.ts';
import type { Authority, CredentialFiles } from './pki/authority.ts';
import type { RuntimeContext } from './types.ts';

/** The path of a program that was resolved for this run. */
export function binaryOf(context: Pick<RuntimeContext, 'binaries'>, name: BinaryName): string {
  const path = context.binaries[name];
  if (path === undefined) throw new TypeError(`${name} was not resolved: its runtime does not list it`);
  return path;
}

/** The number of a port that was chosen for this stack. */
export function portOf(context: Pick<RuntimeContext, 'ports'>, name: string): number {
  const port = context.ports[name];
  if (port === undefined) throw new TypeError(`there is no port ${name}: its runtime does not list it`);
  return port;
}

/** Puts together what parts and runtimes are made from. */
export function makeContext(
  base: Pick<RuntimeContext, 'paths' | 'ports' | 'binaries' | 'nodes' | 'report' | 'signal'>,
  cluster: Authority,
  admin: CredentialFiles,
): RuntimeContext {
  const port = portOf(base, 'kubernetes');
  let call: Promise<KubernetesCall> | undefined;
  const clientCertificate: RuntimeContext['clientCertificate'] = (name, groups) =>
    cluster.credential(`client-${name.replaceAll(/[^\w.-]/g, '_')}`, {
      subject: { commonName: name, organizations: groups },
      usage: 'client',
    });
  return {
    ...base,
    clientCertificate,
    servingCertificate: (name, hosts) =>
      cluster.credential(`serving-${name}`, { subject: { commonName: name }, usage: 'server', hosts }),
    async kubeconfigFor(user, groups) {
      const file = join(base.paths.config, `${user.replaceAll(/[^\w.-]/g, '_')}.kubeconfig`);
      await writeKubeconfig(file, port, user, await clientCertificate(user, groups));
      return file;
    },
    async kubernetes(...request) {
      call ??= openKubernetes(port, admin);
      return (await call)(...request);
    },
  };
}
