import { SluiceError } from '../errors.ts';
import type { Images, Observation } from '../observation.ts';
import type { PlannedBatch, PlannedPrePull } from '../plan.ts';
import { milliseconds } from '../quantity.ts';
import type { ReleaseSpec } from '../spec.ts';

/** A registry is not asked by more nodes at once. */
export const nodesAtOnce = 50;

/** What is to be pulled before anything is touched. @throws FORBIDDEN where that is required and the worker may not */
export function plannedPrePull(
  { change: { prePull, prePullTimeout } }: ReleaseSpec,
  to: Images,
  batches: readonly Pick<PlannedBatch, 'pods'>[],
  { findings }: Pick<Observation, 'findings'>,
): PlannedPrePull | undefined {
  const nodes = prePull === 'Off' ? [] : nodesWithout(to, batches, { findings });
  if (nodes.length === 0) return undefined;
  const required = prePull === 'Require';
  const { missing } = findings.prePull;
  if (missing.length === 0) return { nodes, timeoutMs: milliseconds(prePullTimeout), required };
  if (!required) return undefined;
  throw new SluiceError('FORBIDDEN', `change.prePull is Require, and the worker may not: ${missing.join('; ')}.`, {
    details: { missing },
  });
}

/** Nodes of the pods to change that are ready and not known to have all of these images, in the order of the pods. */
export function nodesWithout(
  to: Images,
  batches: readonly Pick<PlannedBatch, 'pods'>[],
  { findings }: Pick<Observation, 'findings'>,
): readonly string[] {
  const wanted = Object.values(to);
  const used = new Set(batches.flatMap(({ pods }) => pods.map(({ node }) => node)));
  return [...used].filter((node) => {
    const has = findings.prePull.nodes[node];
    return has !== undefined && wanted.some((image) => !has.includes(image));
  });
}
