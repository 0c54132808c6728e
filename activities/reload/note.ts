import type { HandfulRequest } from '../../workflows/contract/activities/handful.ts';
import { marks } from '../../workflows/contract/names.ts';
import type { PlannedReload } from '../../workflows/contract/reload.ts';
import { statusOf } from '../kubernetes/podState.ts';
import { pods as podResource } from '../kubernetes/resources.ts';
import type { Connection } from '../kubernetes/types.ts';
import type { Pod } from '../kubernetes/wire.ts';
import type { PodsOf } from '../ports.ts';
import { entriesOn, type ReloadEntry, withEntry } from './record.ts';

/** Who notes what. */
type Noting = Pick<HandfulRequest, 'holder'> & { readonly reload: PlannedReload };
type Marks = Pick<HandfulRequest, 'holder' | 'batch'>;

interface NoteDeps {
  readonly kube: Connection;
  readonly pods: Pick<PodsOf, 'wrote'>;
}

/** What is noted of a container as it is now; what an earlier release has noted is kept with it. */
export function entryOf(
  pod: Pod,
  container: string,
  state: ReloadEntry['state'],
  { holder, reload }: Noting,
): ReloadEntry {
  const earlier = entriesOn(pod)[container];
  const before = earlier?.release === holder ? earlier.before : withoutBefore(earlier);
  return {
    version: reload.version,
    containerID: statusOf(pod, container)?.containerID ?? '',
    release: holder,
    at: new Date().toISOString(),
    state,
    ...(before && { before }),
  };
}

/** Notes that a container cannot reload in that way: the release does not try it again. */
export const noteImpossible = async (
  pod: Pod,
  container: string,
  request: Noting & Marks,
  deps: NoteDeps,
): Promise<void> => void (await note(pod, container, entryOf(pod, container, 'Impossible', request), request, deps));

/** A dry run of what is noted: whether the API server and its admission would take it. */
export async function rehearseNote(kube: Connection, pod: Pod, request: Noting & Marks): Promise<void> {
  const [container = ''] = request.reload.containers;
  const body = noteOf(pod, container, entryOf(pod, container, 'Running', request), request);
  await kube.patch(podResource, podAt(pod), body, { as: 'merge', dryRun: true });
}

/** Notes marks and entry on the very pod. */
export async function note(
  pod: Pod,
  container: string,
  entry: ReloadEntry | undefined,
  { holder, batch }: Marks,
  { kube, pods }: NoteDeps,
): Promise<Pod> {
  const written = await kube.patch(podResource, podAt(pod), noteOf(pod, container, entry, { holder, batch }), {
    as: 'merge',
  });
  pods.wrote(written);
  return written;
}

/** The patch of a pod that notes an entry. */
const noteOf = (pod: Pod, container: string, entry: ReloadEntry | undefined, { holder, batch }: Marks) => ({
  metadata: {
    uid: pod.metadata.uid,
    labels: { [marks.podBatch]: batch },
    annotations: { [marks.release]: holder, [marks.reloaded]: withEntry(pod, container, entry) },
  },
});

export const podAt = ({ metadata: { namespace = '', name } }: Pod) => ({ namespace, name });

function withoutBefore(entry: ReloadEntry | undefined): ReloadEntry | undefined {
  if (entry === undefined) return undefined;
  const { before: _, ...rest } = entry;
  return rest;
}
