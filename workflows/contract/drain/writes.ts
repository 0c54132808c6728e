import { kindOf } from '../kinds.ts';
import { marks, workloadName } from '../names.ts';
import type { Plan } from '../plan.ts';
import { lookWrites, openingWrites, servicesOf } from '../planner/traffic.ts';
import type { DrainObservation } from './observation.ts';

/** What is written besides what takes the pods out, in order, one sentence each. */
export function drainWrites(
  { target, traffic }: Pick<Plan, 'target' | 'traffic'>,
  { paused }: Pick<DrainObservation, 'paused'>,
): readonly string[] {
  const name = workloadName(target);
  const kind = kindOf(target);
  const services = [...new Set(servicesOf(traffic.through))];
  const opens = services.length > 0;
  return [
    `${kind.hold(name)} and mark it as held (annotations ${marks.release}, ${marks.before}), as long as pods are out.`,
    ...(opens ? openingWrites(kind, services) : []),
    ...lookWrites(traffic),
    ...(opens ? [`Take ${marks.serving} away again when they are back.`] : []),
    `Take the annotations off ${name} and ${kind.release(paused)}.`,
  ];
}
