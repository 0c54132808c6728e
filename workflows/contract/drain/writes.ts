import { kindOf } from '../kinds.ts';
import { marks, workloadName } from '../names.ts';
import type { Plan } from '../plan.ts';
import { lookWrites, servicesOf } from '../planner/traffic.ts';
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
    ...(opens
      ? [
          `Label ${kind.births} and all its pods ${marks.serving}=true, and add that to the selector of Service ${services.join(', ')}.`,
          ...(kind.opening === undefined ? [] : [kind.opening]),
        ]
      : []),
    ...lookWrites(traffic),
    ...(opens ? [`Take ${marks.serving} away again when they are back.`] : []),
    `Take the annotations off ${name} and ${kind.release(paused)}.`,
  ];
}
