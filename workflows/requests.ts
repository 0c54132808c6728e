import type { Book } from './book.ts';
import type { PodRules } from './contract/activities/handful.ts';
import type { AcquireRequest, Births, CommitRequest, HeldRequest } from './contract/activities/hold.ts';
import type { SurveyRequest } from './contract/activities/survey.ts';
import { changeText } from './contract/changeText.ts';
import { anewFrom, type PlanHead } from './contract/plan.ts';
import type { PodOrder } from './contract/planner/ordering.ts';

/** Which workload, held by which release: part of every request. */
export function heldRequest(book: Book, plan: Pick<PlanHead, 'uid'>): HeldRequest {
  const { target, holder } = book.identity;
  return { target, uid: plan.uid, holder };
}

/** To take it, as it was when the plan was made. */
export const acquireRequest = (book: Book, plan: PlanHead): AcquireRequest => ({
  ...heldRequest(book, plan),
  from: plan.change.from,
  ...(plan.change.template && { template: plan.change.template }),
});

/** The change that becomes the workload's own template, or is taken out of it again. */
export function commitRequest(book: Book, plan: PlanHead, cause: string): CommitRequest {
  const { from, to, template, resize, hotSwap } = plan.change;
  const of = {
    ...(template && { mark: template.to }),
    ...(resize && { resources: resize.to }),
    ...(hotSwap && { hotSwap }),
  };
  return { ...heldRequest(book, plan), from, to, cause, ...of };
}

/** What `kubectl rollout history` says of it. */
export const causeOf = (book: Book, { app, change }: PlanHead): string =>
  `sluice: ${app} ${changeText(change)} by ${book.identity.initiator}`;

/** Which pods go first. */
export function podOrderOf({ shape: { spreadBy, arrange, first } }: PlanHead): PodOrder {
  return { spreadBy, ...(arrange && { arrange }), ...(first && { first }) };
}

/** From what pods are born in a batch that makes them anew: going to the new version, or back. */
export function birthsOf({ change }: PlanHead, side: Births['side']): { readonly births?: Births } {
  const template = anewFrom(change);
  return template === undefined ? {} : { births: { side, mark: template.to } };
}

/** How many pods are in hand at once: new ones beside the old, where the plan says so, else old ones out of service. */
export const atOnce = ({ surge, maxUnavailable }: PlanHead): { maxUnavailable: number; surge?: true } =>
  surge === undefined ? { maxUnavailable } : { maxUnavailable: surge, surge: true };

/** Who is looked for, where not the images tell. `wanted`: on the way to the new version. */
export function markOf(
  { change }: PlanHead,
  wanted: boolean,
): Pick<SurveyRequest, 'template' | 'resources' | 'reload' | 'hotSwap'> {
  const { resize, reload, hotSwap } = change;
  const template = anewFrom(change);
  return {
    ...(template !== undefined && { template: { mark: template.to, wanted } }),
    ...(resize !== undefined && { resources: wanted ? resize.to : resize.from }),
    ...(reload !== undefined && { reload }),
    ...(hotSwap !== undefined && { hotSwap }),
  };
}

/** What becomes of a pod on the way to the new version. */
export function forwardRules({ change, traffic, checks, minReadyMs, readyTimeoutMs }: PlanHead): PodRules {
  return {
    images: change.to,
    ...(change.resize && { resources: change.resize.to }),
    ...(change.reload && { reload: change.reload }),
    ...(change.hotSwap && { hotSwap: change.hotSwap }),
    traffic,
    checks,
    minReadyMs,
    readyTimeoutMs,
    undo: false,
  };
}
