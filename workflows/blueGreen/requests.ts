import type { Book } from '../book.ts';
import { clusterActivities } from '../clusterActivities.ts';
import type { Pointed, PointRequest, Side } from '../contract/blueGreen/activities.ts';
import type { PlannedBlueGreen } from '../contract/blueGreen/plan.ts';
import type { PlanHead } from '../contract/plan.ts';
import { heldRequest } from '../requests.ts';

/** All Services that are written to. */
export const shown = (pair: PlannedBlueGreen): readonly string[] => [...pair.services, ...previewsOf(pair)];

export const previewsOf = ({ previewService }: PlannedBlueGreen): readonly string[] =>
  previewService === undefined ? [] : [previewService];

/** Makes Services send callers to one side. Answers who is of the other. */
export async function pointAt(
  book: Book,
  plan: PlanHead,
  to: Side,
  services: readonly string[],
  summary: string,
  how: Partial<Pick<PointRequest, 'first' | 'keep' | 'shared' | 'lenient' | 'force' | 'timeoutMs'>> = {},
): Promise<Pointed> {
  if (services.length === 0) return { others: [] };
  const { writing } = clusterActivities(book.identity.target.cluster);
  const request = { ...heldRequest(book, plan), services, to, timeoutMs: plan.readyTimeoutMs, since: book.now, ...how };
  return writing.point.executeWithOptions({ summary }, [request]);
}

/** After people decided to take over: the Services again as the release needs them. */
export async function pointAgain(book: Book, plan: PlanHead): Promise<void> {
  const { blueGreen } = plan;
  const { steps } = book.state;
  if (blueGreen === undefined || !steps.includes('green')) return;
  const side = steps.includes('switch') ? 'green' : 'blue';
  const force = { force: true } as const;
  await pointAt(book, plan, side, blueGreen.services, 'undo what somebody else did to the Services', force);
}
