import { SluiceError } from '../workflows/contract/errors.ts';
import { type KubernetesCall, openKubernetes } from './kubernetes/client.ts';
import { pathsOf, stateDirectory } from './paths.ts';
import { openAuthority } from './pki/authority.ts';
import { readState } from './state.ts';

/**
 * The API server of the stack that runs, as its administrator.
 * @throws LOCAL_NOT_UP when there was never one
 */
export async function openStack(options: { readonly stateDir?: string } = {}): Promise<KubernetesCall> {
  const paths = pathsOf(stateDirectory(options.stateDir));
  const port = (await readState(paths))?.ports['kubernetes'];
  if (port === undefined) throw new SluiceError('LOCAL_NOT_UP', `There is no local stack in ${paths.root}.`);
  const cluster = await openAuthority(paths.pki, 'ca');
  // The same request as in `up`, which gets the same certificate.
  const admin = await cluster.credential('admin', {
    subject: { commonName: 'sluice:admin', organizations: ['system:masters'] },
    usage: 'client',
  });
  return openKubernetes(port, admin);
}
