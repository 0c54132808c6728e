import { kindOf } from '../kinds.ts';
import { marks, workloadName } from '../names.ts';
import type { Plan } from '../plan.ts';
import { lookWrites, openingWrites, servicesOf } from '../planner/traffic.ts';
import { countOf } from '../quantity.ts';
import type { ScaleObservation } from './observation.ts';
import { goesUp, type PlannedScale } from './plan.ts';

/** What is written besides the labels that drain single pods, in order, one sentence each. */
export function scaleWrites(
  { target, scale, traffic, batches }: Pick<Plan, 'target' | 'traffic' | 'batches'> & { readonly scale: PlannedScale },
  { paused }: Pick<ScaleObservation, 'paused'>,
): readonly string[] {
  const name = workloadName(target);
  const kind = kindOf(target);
  const up = goesUp(scale);
  const services = [...new Set(servicesOf(traffic.through))];
  const opens = !up && services.length > 0;
  const steps = numbersOf(scale, batches);
  return [
    `${kind.hold(name)} and mark it as held (annotations ${marks.release}, ${marks.before}).`,
    ...scale.scalers.map(
      (scaler) =>
        `Suspend HorizontalPodAutoscaler ${scaler}: no policy lets it scale, its bounds are wide; annotations say what it was.`,
    ),
    ...(opens ? openingWrites(kind, services) : []),
    ...(up || traffic.through.length === 0 ? [] : lookWrites(traffic)),
    ...(up
      ? []
      : [
          `Before its batch each pod that goes gets the annotation ${marks.leaving}, and what makes its controller choose it.`,
        ]),
    `Set the number of ${name} to ${steps.join(', then ')}.`,
    ...(opens ? [`Take ${marks.serving} away again.`] : []),
    `Take the annotations off ${name} and ${kind.release(paused)}.`,
    ...scale.scalers.map(
      (scaler) =>
        `Give HorizontalPodAutoscaler ${scaler} back${scale.hpa === 'Bound' ? ` with bounds that hold ${countOf(scale.to, 'pod')}` : ' exactly as it was'}.`,
    ),
  ];
}

/** The number after each batch. */
function numbersOf({ from, to }: PlannedScale, batches: Plan['batches']): readonly number[] {
  let now = from;
  return batches.map(({ pods }) => {
    now += to > from ? pods.length : -pods.length;
    return now;
  });
}
