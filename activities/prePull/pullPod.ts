import { createHash } from 'node:crypto';
import type { PrePullRequest } from '../../workflows/contract/activities/prePull.ts';
import { fieldManager, marks } from '../../workflows/contract/names.ts';
import type { PodTemplate } from '../kubernetes/wire.ts';
import type { Workload } from '../ports.ts';

/** No image has a program of this name: kubelet pulls, cannot start the container, and nothing runs. */
export const noSuchProgram = '/sluice.dev/pre-pull';

/** Beyond the time that a node has: should nobody be left to delete the pod, kubelet ends it. */
const graceSeconds = 60;

/** Name of the pod that pulls on `node`: the same for every try of one release. */
export function pullPodName({ target, holder }: Pick<PrePullRequest, 'target' | 'holder'>, node: string): string {
  const hash = createHash('sha256').update(`${holder}|${node}`).digest('hex').slice(0, 10);
  return `${target.name.slice(0, 40).replace(/[^a-z0-9]+$/, '')}-pull-${hash}`;
}

/** Label selector of all pods that pull for this workload. */
export const pullSelector = ({ uid }: Pick<PrePullRequest, 'uid'>): string => `${marks.prePull}=${uid}`;

/**
 * A pod that has kubelet pull the new images on `node` and runs nothing, with the rights of the workload's own pods.
 * Its labels are ours alone, so no Service selects it; the workload is its owner, so no controller adopts it, and it
 * goes with the workload. It asks for next to nothing, and keeps to the `restricted` Pod Security Standard.
 */
export function pullPod(
  request: PrePullRequest,
  { owner, template: { spec } }: { readonly owner: Workload['owner']; readonly template: PodTemplate },
  node: string,
): object {
  const { target, uid, holder, images, timeoutMs } = request;
  const containers = (spec?.containers ?? [])
    .filter(({ name, imagePullPolicy }) => images[name] !== undefined && imagePullPolicy !== 'Never')
    .map(({ name, imagePullPolicy }) => ({
      name,
      image: images[name],
      ...(imagePullPolicy !== undefined && { imagePullPolicy }),
      command: [noSuchProgram],
      resources: { requests: { cpu: '1m', memory: '1Mi' }, limits: { cpu: '100m', memory: '32Mi' } },
      securityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      },
    }));
  const { imagePullSecrets, serviceAccountName, runtimeClassName } = spec ?? {};
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: pullPodName(request, node),
      namespace: target.namespace,
      labels: { 'app.kubernetes.io/managed-by': fieldManager, [marks.prePull]: uid },
      annotations: { [marks.release]: holder },
      ownerReferences: [{ ...owner, name: target.name, uid, controller: true, blockOwnerDeletion: false }],
    },
    spec: {
      nodeName: node,
      tolerations: [{ operator: 'Exists' }],
      restartPolicy: 'Never',
      activeDeadlineSeconds: Math.ceil(timeoutMs / 1000) + graceSeconds,
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      ...(imagePullSecrets && { imagePullSecrets }),
      ...(serviceAccountName !== undefined && { serviceAccountName }),
      ...(runtimeClassName !== undefined && { runtimeClassName }),
      containers,
    },
  };
}
