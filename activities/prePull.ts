import type { ClusterActivities } from '../workflows/contract/activities.ts';
import { SluiceError } from '../workflows/contract/errors.ts';
import { activity } from './call.ts';
import { eachPod } from './eachPod.ts';
import { pods } from './kubernetes/resources.ts';
import { judgePull } from './prePull/judgePull.ts';
import { makePods } from './prePull/makePods.ts';
import { pulledBy } from './prePull/pulledBy.ts';
import { pullSelector } from './prePull/pullPod.ts';
import { type Shared, scopeOf } from './scope.ts';
import { settle } from './settle.ts';

/** The pull of the new images on the nodes, before anything is touched. */
export function prePullActivities(shared: Shared): Pick<ClusterActivities, 'prePull' | 'endPrePull'> {
  return {
    prePull: activity(async (asked, call) => {
      const nodes = asked.nodes.map((pull) => ({ ...pull, since: call.here(pull.since) }));
      const request = { ...asked, nodes };
      const { kube, workload } = scopeOf(shared, request, call);
      const { template } = await workload.observe(request.target);
      const where = { namespace: request.target.namespace, labelSelector: pullSelector(request) };
      return shared.watches.use(where, async (watch) => {
        const { live, made } = await makePods(request, { kube, watch, owner: workload.owner, template }, call.signal);
        const pulled = await settle(
          live,
          watch,
          ({ since }, pod, now) => judgePull(pod, { since, timeoutMs: request.timeoutMs }, now),
          call,
        );
        return pulledBy(request, [made, pulled]);
      });
    }),

    endPrePull: activity(async (request, { signal }) => {
      const kube = shared.kube.with(signal);
      const { namespace } = request.target;
      const { items } = await kube.list(pods, { namespace, labelSelector: pullSelector(request) });
      const { failed, later } = await eachPod(
        items.map(({ metadata }) => metadata),
        signal,
        async ({ name, uid }) => {
          await kube.remove(pods, { namespace, name }, { uid });
          return 'done';
        },
      );
      const [first] = failed;
      if (first) throw new SluiceError(first.code, first.reason);
      if (later.length > 0) throw new SluiceError('CLUSTER_UNREACHABLE', `pod ${later[0]} could not be deleted yet`);
    }),
  };
}
