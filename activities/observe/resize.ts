import type { Target } from '../../workflows/contract/names.ts';
import type { Preview } from '../../workflows/contract/observation.ts';
import { hasResources, type PlannedResize, type ResizePreview } from '../../workflows/contract/resize.ts';
import type { ReleaseSpec } from '../../workflows/contract/spec.ts';
import { emptyHandful } from '../handful.ts';
import { patchPods } from '../kubernetes/patchPods.ts';
import { resizeBetween, resourcesOf } from '../kubernetes/podResources.ts';
import { coreApi, podResize } from '../kubernetes/resources.ts';
import type { Connection } from '../kubernetes/types.ts';
import type { Node, Pod, PodTemplate } from '../kubernetes/wire.ts';
import type { Previewed } from './preview.ts';
import { missingAccess } from './requireAccess.ts';

interface Found {
  readonly kube: Connection;
  readonly target: Target;
  readonly spec: Pick<ReleaseSpec, 'strategy'>;
  readonly pods: readonly Pod[];
  /** By name. */
  readonly nodes: ReadonlyMap<string, Node>;
  readonly signal: AbortSignal;
}

/** The preview of a change, with whether the pods that live can be given its resources; only where it is of those, and in place. */
export async function withResize({ preview, to }: Previewed, template: PodTemplate, found: Found): Promise<Preview> {
  const resize = found.spec.strategy.mode.startsWith('InPlace') ? resizeBetween(template, to) : undefined;
  if (resize === undefined) return preview;
  return { ...preview, resize: 'impossible' in resize ? resize : await judged(resize, found) };
}

/** As the cluster sees it: what it offers, what the worker may, and what the API server says of the pods that there are. */
async function judged(resize: PlannedResize, found: Found): Promise<ResizePreview> {
  const { kube, target, pods, nodes } = found;
  const offered = await kube.get(coreApi, { name: '' });
  if (!offered.resources.some(({ name, verbs }) => name === podResize.name && verbs.includes('patch'))) {
    return { impossible: 'this cluster has no pods/resize (Kubernetes 1.33 has it)' };
  }
  const missing = await missingAccess(kube, target.namespace, [{ group: '', resource: podResize.name, verb: 'patch' }]);
  if (missing.length > 0) return { impossible: `the worker may not ${missing.join('; ')}` };
  const old = pods.flatMap(({ spec: { nodeName = '' } }) => {
    const version = nodes.get(nodeName)?.status?.nodeInfo?.kubeletVersion;
    return version !== undefined && isTooOld(version)
      ? [`node ${nodeName} has kubelet ${version}, which is older than 1.34`]
      : [];
  });
  if (old[0] !== undefined) return { impossible: old[0] };
  const other = pods.find((pod) => ![resize.from, resize.to].some((side) => hasResources(resourcesOf(pod), side)));
  if (other) {
    return {
      impossible: `pod ${other.metadata.name} has other resources than its template, which a rollback would not know`,
    };
  }
  const refused = await refusal(resize, found);
  return refused === undefined ? resize : { impossible: refused };
}

/** Before 1.34 a kubelet may not lower a memory limit, which is what going up and back takes. */
function isTooOld(version: string): boolean {
  const [, major = '', minor = ''] = /^v(\d+)\.(\d+)\./.exec(version) ?? [];
  return major !== '' && (Number(major) < 1 || (Number(major) === 1 && Number(minor) < 34));
}

/** What the API server says, admission and all, of one pod for each class of service and resources that there are. */
async function refusal({ to }: PlannedResize, { kube, pods, signal }: Found): Promise<string | undefined> {
  const alike = new Map(pods.map((pod) => [JSON.stringify([pod.status?.qosClass, resourcesOf(pod)]), pod]));
  const live = [...alike.values()].map((pod) => ({ name: pod.metadata.name, uid: pod.metadata.uid, pod }));
  const change = { holder: 'plan', batch: 'plan', images: () => ({}), resources: to, wrote: () => undefined };
  const { failed } = live.length === 0 ? emptyHandful : await patchPods(kube, live, change, { signal, dryRun: true });
  return failed[0]?.reason;
}
