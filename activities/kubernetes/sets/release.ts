import type { ReleaseRequest } from '../../../workflows/contract/activities/hold.ts';
import { SluiceError } from '../../../workflows/contract/errors.ts';
import { workloadName } from '../../../workflows/contract/names.ts';
import { isInterim, settleRevisions, type Wanted } from '../controllerRevisions.ts';
import { holderOf, noMarks } from '../holder.ts';
import { dropTemplates } from '../keptTemplates.ts';
import { retryConflicts } from '../retryConflicts.ts';
import { causeKey } from '../templateChange.ts';
import type { Connection } from '../types.ts';
import type { ControllerRevision } from '../wire.ts';
import { bearNoMore } from './bear.ts';
import type { AnySet, SetKind } from './kind.ts';
import { lookAgain, untilObserved } from './look.ts';
import { relabel } from './pods.ts';
import { rewrite } from './rewrite.ts';
import { baseNumber, foreignChange, readTrail, type Trail } from './trail.ts';

/**
 * Gives it back: the strategy and the limit of its history that it had, without the trail. Before that all pods are
 * labelled with its newest revision and the controller has seen them, so that it finds nothing to do; and the history is
 * brought to the old version and, after a commit, the next number for the new one. Gone, another one of that name, or
 * another release's: nothing to give back.
 * @throws WORKLOAD_CHANGED where its controller would roll out a change, unless that is what people decided for (`adopt`)
 */
export async function release(
  kube: Connection,
  kind: SetKind,
  held: ReleaseRequest,
  signal: AbortSignal,
): Promise<void> {
  if (held.recreated) await bearNoMore(kube, kind, held);
  await giveWhole(kube, kind, held, signal);
  if (held.recreated) await dropTemplates(kube, held);
}

async function giveWhole(kube: Connection, kind: SetKind, held: ReleaseRequest, signal: AbortSignal): Promise<void> {
  const look = await lookAgain(kube, kind, held);
  if (!look || holderOf(look.set) !== held.holder) return;
  const foreign = foreignChange(look);
  if (foreign !== undefined && !held.adopt) throw staysHeld(held, foreign);
  const { set, newest, label } = await untilObserved(kube, kind, held);
  if (foreign === undefined) await relabel(kube, kind, held, label, signal);
  const trail = foreign === undefined ? readTrail(set) : undefined;
  const wanted = trail ? historyOf(set, trail, newest) : new Map<string, Wanted>();
  const isOurs = (revision: ControllerRevision): boolean => revision.metadata.name !== newest && isInterim(revision);
  await settleRevisions(kube, set, wanted, trail ? () => true : isOurs);
  if (!(await giveBack(kube, kind, held))) return;
  // A controller that was in the middle of a look may have counted by what it knew then.
  await untilObserved(kube, kind, held);
  await settleRevisions(kube, set, wanted, isOurs);
}

/** Whether it was this release's to give. */
const giveBack = (kube: Connection, kind: SetKind, held: ReleaseRequest): Promise<boolean> =>
  retryConflicts(async () => {
    const look = await lookAgain(kube, kind, held);
    if (!look || holderOf(look.set) !== held.holder) return false;
    const { strategy, limit } = readTrail(look.set) ?? {};
    // Where somebody has taken the trail away, nobody knows what it was: nothing is moved by it now.
    const updateStrategy = strategy ?? kind.standstill.free(look.set.spec.updateStrategy);
    await rewrite(kube, kind, look.set, {
      annotations: noMarks,
      spec: { updateStrategy, revisionHistoryLimit: limit },
    });
    return true;
  });

/**
 * All that there were under their numbers, and the newest after them if it is another version. Without a commit it is the
 * version before: if the controller has kept that once more (one of a newer release may write it in another way), once is enough.
 */
function historyOf(set: AnySet, trail: Trail, newest: string): ReadonlyMap<string, Wanted> {
  const cause = trail.to && set.metadata.annotations?.[causeKey];
  const number = baseNumber(trail) + (trail.to ? 1 : 0);
  const kept = Object.entries(trail.numbers)
    .filter(([name]) => trail.to !== undefined || name !== trail.revision)
    .map(([name, old]): [string, Wanted] => [name, { number: old }]);
  return new Map([...kept, [newest, { number, ...(cause !== undefined && { cause }) }]]);
}

const staysHeld = ({ target }: ReleaseRequest, foreign: string): SluiceError =>
  new SluiceError(
    'WORKLOAD_CHANGED',
    `${workloadName(target)} stays held: its controller would roll out a change that is not this release's: ${foreign}.`,
    {
      next: 'Look at it, then set the template back and resume the release, or let its own controller roll it out with `sluice adopt`.',
    },
  );
