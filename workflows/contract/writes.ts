import type { Plan } from './plan.ts';

/** What is written besides the pods, in order, for people. */
export function plannedWrites({
  target,
  traffic,
  change,
}: Pick<Plan, 'target' | 'traffic' | 'change'>): readonly string[] {
  const workload = `${target.kind}/${target.name}`;
  const services = traffic.through.flatMap((source) => ('service' in source ? [`service/${source.service}`] : []));
  const open =
    services.length === 0
      ? []
      : [`label the pods and the ReplicaSet's template, then add the label to the selector of ${services.join(', ')}`];
  const close =
    services.length === 0
      ? []
      : [`take the label away again: first from ${services.join(', ')}, then from ReplicaSet and pods`];
  const images = Object.entries(change.to).map(([container, image]) => `${container}=${image}`);
  return [
    `pause ${workload}, with a note of what it was before`,
    ...open,
    `after the last batch: keep the old template as a revision, and make ${images.join(', ')} the template of ${workload}`,
    ...close,
    `resume ${workload}, without the note`,
  ];
}
