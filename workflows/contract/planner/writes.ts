import { kindOf } from '../kinds.ts';
import { marks, workloadName } from '../names.ts';
import type { Observation } from '../observation.ts';
import { anewFrom, type Plan } from '../plan.ts';
import { countOf } from '../quantity.ts';
import { registryOf, sourceText } from '../traffic.ts';
import { lookWrites, servicesOf } from './traffic.ts';
import { warmUpWrites } from './warmUp.ts';

/** What is written besides the batches' pods, in order, one sentence each. */
export function plannedWrites(
  plan: Pick<Plan, 'target' | 'change' | 'surge' | 'prePull' | 'warmUpMs' | 'warmUpWeights' | 'traffic'>,
  { paused }: Pick<Observation, 'paused'>,
): readonly string[] {
  const { target, change, surge, prePull, traffic } = plan;
  const name = workloadName(target);
  const kind = kindOf(target);
  const services = [...new Set(servicesOf(traffic.through))];
  const selectors = `the selector of Service ${services.join(', ')}`;
  const images = Object.entries(change.to).map(([container, image]) => `${container}=${image}`);
  const serving = services.length > 0;
  const keeps = change.template !== undefined;
  const recreates = anewFrom(change) !== undefined;
  const commits = change.reload === undefined;
  const pulls = prePull?.nodes.length ?? 0;
  return [
    ...(pulls > 0
      ? [
          `Pull the new images on ${countOf(pulls, 'node')}, by a pod of ours on each (label ${marks.prePull}) that runs nothing and is deleted again.`,
        ]
      : []),
    ...(keeps ? ['Keep the old and the new template in a ControllerRevision, until the end.'] : []),
    `${kind.hold(name)} and mark it as held (annotations ${marks.release}, ${marks.before}).`,
    ...(serving ? [`Label ${kind.births} and all its pods ${marks.serving}=true.`] : []),
    ...(serving && kind.opening !== undefined ? [kind.opening] : []),
    ...(serving ? [`Add ${marks.serving} to ${selectors}: from then on a pod is drained by its label.`] : []),
    ...traffic.through
      .filter((source) => registryOf(source) !== undefined)
      .map(
        (source) =>
          `Take each pod out of ${sourceText(source)} and put it back as it was; how it stood is kept in its annotation ${marks.outOf} meanwhile.`,
      ),
    ...warmUpWrites(plan),
    ...(traffic.through.length > 0 ? lookWrites(traffic) : []),
    ...(recreates
      ? [`Make ${kind.births} the new one while pods of a batch are made anew, and the old one again.`]
      : []),
    ...(surge === undefined
      ? []
      : [
          `Take the label pod-template-hash off each pod in hand (and put ${marks.apart} on it), so that another one is born beside it.`,
        ]),
    ...(commits
      ? [`After the last batch: set ${keeps ? 'what changes' : images.join(', ')} ${kind.commit(name)}.`, kind.history]
      : []),
    ...(serving ? [`Take ${marks.serving} out of ${selectors}, then off ${kind.births} and the pods.`] : []),
    `Take the annotations off ${name} and ${kind.release(paused)}.`,
  ];
}
