import type { BearRequest, HeldRequest } from '../../../workflows/contract/activities/hold.ts';
import { isBearing } from '../births.ts';
import { bearFrom } from '../replicaSetBirths.ts';
import { sameTemplate, withoutOurs } from '../templates.ts';
import type { Connection } from '../types.ts';
import type { ReplicaSet } from '../wire.ts';
import { lookAgain, lookHeld, withoutLive } from './look.ts';

/**
 * Sets the template of the live ReplicaSet, which makes its pods, while the Deployment keeps its own: its controller is
 * paused, and knows nothing of it. See the port.
 * @throws WORKLOAD_NOT_FOUND, WORKLOAD_CHANGED; CONFLICT while the controller does not follow
 */
export const bear = (kube: Connection, request: BearRequest): Promise<void> =>
  bearFrom(kube, request, async ({ to }) => {
    const { births, target } = request;
    // What is left behind goes back also where somebody took the Deployment from us.
    const look = await (births ? lookHeld : lookAgain)(kube, request);
    if (!look?.live?.spec.template) {
      if (!births) return undefined;
      throw withoutLive(target);
    }
    // After the commit the new template is the Deployment's own.
    const own = sameTemplate(withoutOurs(look.deployment.spec.template), to) ? 'to' : 'from';
    return { set: look.live, own };
  });

/** What `holder` left behind of {@link bear}, if anything, goes. Done where nothing of it is there. */
export async function bearNoMore(kube: Connection, held: HeldRequest, live: ReplicaSet | undefined): Promise<void> {
  if (live && isBearing(live.spec.template)) await bear(kube, held);
}
