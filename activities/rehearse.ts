import type { Handful } from '../workflows/contract/activities/handful.ts';
import { emptyHandful, join } from './handful.ts';
import type { Admission } from './kubernetes/admission.ts';
import type { LivePod, PodChange, Workload } from './ports.ts';

/**
 * Whether the API server would take the change of each pod: a refused patch must never follow a drain (design §6). By
 * a dry run for each pod where admission may tell pods apart, else by one for each template among them, which is
 * remembered for some seconds.
 */
export async function rehearse(
  pods: readonly LivePod[],
  change: PodChange,
  workload: Pick<Workload, 'rehearse'>,
  admission: Admission,
): Promise<Handful> {
  const { tellPodsApart, taken: known } = await admission.judges();
  if (tellPodsApart) return workload.rehearse(pods, change);
  const alike = new Map<string, LivePod[]>();
  const sure: string[] = [];
  for (const pod of pods) {
    const kind = kindOf(pod, change);
    if (known.has(kind)) sure.push(pod.name);
    else alike.set(kind, [...(alike.get(kind) ?? []), pod]);
  }
  const surely: Handful = { ...emptyHandful, done: sure };
  if (alike.size === 0) return surely;
  const groups = [...alike.values()];
  const first = await workload.rehearse(
    groups.flatMap(([pod]) => pod ?? []),
    change,
  );
  const taken = new Set(first.done);
  for (const [kind, [pod]] of alike) if (pod && taken.has(pod.name)) known.add(kind);
  const others = groups.flatMap(([pod, ...rest]) => (pod && taken.has(pod.name) ? [] : rest));
  const asked = others.length > 0 ? await workload.rehearse(others, change) : undefined;
  const spoken = groups.flatMap(([pod, ...rest]) => (pod && taken.has(pod.name) ? rest : []));
  return join(surely, first, { ...emptyHandful, done: spoken.map(({ name }) => name) }, ...(asked ? [asked] : []));
}

/** Pods of one template, for which the same is wanted. */
function kindOf({ pod, name }: LivePod, change: PodChange): string {
  const { labels = {}, ownerReferences = [] } = pod.metadata;
  const revision = labels['pod-template-hash'] ?? labels['controller-revision-hash'];
  return JSON.stringify([ownerReferences.map(({ uid }) => uid), revision, change.images(name), change.resources]);
}
