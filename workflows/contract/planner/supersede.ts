import { versionBefore } from '../changeText.ts';
import { SluiceError } from '../errors.ts';
import { sameImage } from '../imageName.ts';
import { workloadName } from '../names.ts';
import type { Images, Observation, ObservedPod } from '../observation.ts';
import type { Plan, PlannedChange, PlannedMode, PlannedPod, PlanWarning } from '../plan.ts';
import type { ReleaseSpec } from '../spec.ts';
import type { TrafficSource } from '../traffic.schema.ts';
import { throughText } from '../traffic.ts';
import { plannedChange } from './change.ts';
import { containerOrder } from './containerOrder.ts';

/** A release that runs, as far as one has to know it that takes its place. */
export interface RunningRelease {
  /** What marks.release says of it, on the workload and on each pod that it has changed. */
  readonly holder: string;
  readonly change: PlannedChange;
  /** Its way out of traffic, where that is open. */
  readonly through?: readonly TrafficSource[];
  /** Images by UID that pods had before it, where those were not the template's. */
  readonly origins?: Readonly<Record<string, Images>>;
  /** Pods, or callers, cannot go on from where it is: all that it did is undone first, and the newer one begins from the version before it. */
  readonly goesBack?: true;
}

/** The running release by what becomes of it: the newer one goes on from where it is, or begins when it has gone back. */
export interface Before {
  readonly supersedes?: RunningRelease;
  readonly goesBack?: RunningRelease;
}

export function beforeOf(running: RunningRelease | undefined): Before {
  if (running === undefined) return {};
  return running.goesBack === true ? { goesBack: running } : { supersedes: running };
}

/** Whether what a release of this plan does is undone before a newer version takes its place. */
export const goesBackFirst = ({ blueGreen, canary, change }: Pick<Plan, 'blueGreen' | 'canary' | 'change'>): boolean =>
  blueGreen !== undefined || canary !== undefined || change.hotSwap !== undefined;

/**
 * The plan, as `make` makes it, of a newer version that begins when the running one has gone back.
 * @throws REFUSED where it brings the same, or the version from which the running one began
 */
export function afterGoingBack(make: () => Plan, running: RunningRelease): Plan {
  const plan = orGoesBack(make, running);
  const { version } = running.change;
  const same = (of: PlannedChange): string => JSON.stringify([of.to, of.template?.to, of.hotSwap, of.reload]);
  if (same(plan.change) === same(running.change)) {
    throw refused(`The release of ${workloadName(plan.target)} that runs brings ${version} already.`, {
      next: '`sluice change` changes its steps, sizes and gates, `sluice resume` goes on after a hold.',
    });
  }
  const warning: PlanWarning = {
    code: 'SUPERSEDES',
    message: `The release of ${version} that runs ends where it is: every pod and every caller goes back to ${versionBefore(running.change)} first, then this one begins.`,
  };
  return { ...plan, warnings: [warning, ...plan.warnings] };
}

/**
 * That `spec` goes about it as the release that runs: in place, and through the sources that are open, by which it is known
 * how pods stood in traffic. Known from the spec alone, before anything else is looked at. @throws REFUSED
 */
export function requireSameWay(
  { traffic, strategy, change }: ReleaseSpec,
  { change: { version }, through }: RunningRelease,
): void {
  const { mode } = strategy;
  if (mode === 'BlueGreen' || mode === 'Canary' || mode === 'Recreate') throw notInPlace(version, mode);
  if (change.reload !== undefined) throw notInPlace(version, 'HotReload');
  if (change.hotSwap !== undefined) throw notInPlace(version, 'HotSwap');
  if (through === undefined || JSON.stringify(through) === JSON.stringify(traffic.through)) return;
  throw refused(
    `traffic.through: the release of ${version} that runs takes pods out through ${throughText(through)}; this one would through ${throughText(traffic.through)}.`,
    { next: `Write the same traffic.through; or ${otherwise(version)}` },
  );
}

/**
 * The change of a release that takes the place of a running one: from the version before both, which is still the
 * workload's own template. Containers that only the running one changes get their images of before. Undefined where none
 * runs.
 * @throws REFUSED where it is no newer version, or cannot go on from where the running one is
 */
export function supersedingChange(
  spec: ReleaseSpec,
  observation: Observation,
  mode: PlannedMode['used'],
): PlannedChange | undefined {
  const { supersedes: running, templateImages, target } = observation;
  if (running === undefined) return undefined;
  if (mode !== 'InPlace') throw notInPlace(running.change.version, mode);
  const asked = askedChange(spec, observation, running);
  if (asked.resize !== undefined || running.change.resize !== undefined) throw resizes(running.change.version);
  const others = Object.keys(running.change.to).filter((container) => !Object.hasOwn(asked.to, container));
  const before = Object.fromEntries(others.map((container) => [container, templateImages[container] ?? '']));
  const from = { ...asked.from, ...before };
  const to = { ...asked.to, ...before };
  if (isSame(to, from)) throw goesBack(running);
  if (isSame(to, { ...templateImages, ...running.change.to })) {
    throw refused(`The release of ${workloadName(target)} that runs brings ${running.change.version} already.`, {
      next: '`sluice change` changes its sizes and gates, `sluice resume` goes on after a hold.',
    });
  }
  const { order: _, ...rest } = asked;
  const order = containerOrder(spec.change.order ?? [], Object.keys(to));
  return { ...rest, from, to, ...(order !== undefined && { order }) };
}

/** What a pod goes back to is what it had before both releases, not what the running one gave it. */
export function withOrigin(
  { uid, changedBy }: ObservedPod,
  planned: PlannedPod,
  { supersedes }: Pick<Observation, 'supersedes'>,
): PlannedPod {
  if (supersedes === undefined || changedBy !== supersedes.holder) return planned;
  const { from: _, ...pod } = planned;
  const origin = supersedes.origins?.[uid];
  return origin === undefined ? pod : { ...pod, from: origin };
}

const notInPlace = (version: string, mode: PlannedMode['used']): SluiceError =>
  refused(
    `The release of ${version} that runs changes pods in place, and this one would not (${mode}): it cannot go on from there.`,
    { next: `Change only images; or ${otherwise(version)}` },
  );

const resizes = (version: string): SluiceError =>
  refused(`The release of ${version} that runs and the newer one do not both change images only.`, {
    next: `Change only images; or ${otherwise(version)}`,
  });

/** The change that is asked for, and nothing else. */
const askedChange = (spec: ReleaseSpec, observation: Observation, running: RunningRelease): PlannedChange =>
  orGoesBack(() => plannedChange(spec, observation), running);

/** What every pod has is the version before, or the running one. */
function orGoesBack<T>(make: () => T, running: RunningRelease): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof SluiceError && error.code === 'IMAGE_UNCHANGED') throw goesBack(running);
    throw error;
  }
}

const goesBack = ({ change }: RunningRelease): SluiceError =>
  refused(`That is ${versionBefore(change)}, from which the release of ${change.version} began.`, {
    next: '`sluice rollback` brings every pod back to it.',
  });

const otherwise = (version: string): string =>
  `roll ${version} back with \`sluice rollback\`, or let it end; then release the newer version.`;

/** Whether each of `to` is certain, or as good as certain, to be what `has` names: a digest that one of them lacks says nothing. */
const isSame = (to: Images, has: Images): boolean =>
  Object.entries(to).every(([container, image]) => {
    const other = has[container] ?? '';
    const [bare, otherBare] = [image.split('@')[0], other.split('@')[0]];
    const pinned = image.includes('@') && other.includes('@');
    return sameImage(image, other) || (!pinned && bare === otherBare);
  });

const refused = (text: string, { next }: { readonly next: string }): SluiceError =>
  new SluiceError('REFUSED', text, { next });
