import type { SluiceError } from '../errors.ts';
import { workloadName } from '../names.ts';
import type { Observation, ObservedPod } from '../observation.ts';
import { share } from '../quantity.ts';
import type { PodSelect, ReleaseSpec } from '../spec.ts';
import { invalid } from './invalid.ts';
import { inOrder, nodeLabel, type PodOrder, requireOrdinals } from './ordering.ts';

/** What the group is chosen from. */
export interface GrayFrom {
  /** Pods that do not run the new images yet. */
  readonly outdated: readonly ObservedPod[];
  readonly observation: Observation;
  readonly order: PodOrder;
}

/**
 * The gray group, in order: at least one pod (a percentage is one of all pods, rounded up) as long as there is one to
 * change. `select.names` are all of it; other selections are what it is taken from.
 * @throws SPEC_INVALID for a name without a pod, or where nothing is selected
 */
export function grayGroup(gray: ReleaseSpec['strategy']['gray'], from: GrayFrom): readonly ObservedPod[] {
  const { outdated, observation, order } = from;
  const { select } = gray;
  if (select !== undefined) requireSelectable('strategy.gray.select', select, observation);
  const candidates = select === undefined ? outdated : outdated.filter(selectedBy(select));
  if (candidates.length === 0 && outdated.length > 0 && select !== undefined)
    throw nothingSelected('strategy.gray.select', select, observation);
  const size = select?.names === undefined ? graySize(gray, observation) : candidates.length;
  return inOrder(candidates, orderOf(select, order)).slice(0, size);
}

/** How many pods the group should have. */
export const graySize = ({ pods }: ReleaseSpec['strategy']['gray'], observation: Observation): number =>
  Math.ceil(share(pods, observation.pods.length));

/** Whether a pod meets all conditions of `select`. */
export function selectedBy({
  names,
  labels = {},
  nodes = {},
}: Omit<PodSelect, 'first'>): (pod: ObservedPod) => boolean {
  const named = names && new Set(names);
  return (pod) =>
    (named === undefined || named.has(pod.name)) &&
    Object.entries(labels).every(([key, value]) => pod.labels[key] === value) &&
    Object.entries(nodes).every(([key, value]) => pod.nodeLabels[nodeLabel(key)] === value);
}

/** In which order those are taken that are selected: the newest are the newest, in whichever zone. */
export const orderOf = (select: PodSelect | undefined, order: PodOrder): PodOrder =>
  select?.first === undefined ? order : { spreadBy: '', first: select.first };

/** That what `select` names is there. @throws SPEC_INVALID */
export function requireSelectable(field: string, select: PodSelect, observation: Observation): void {
  if (select.names !== undefined) requireNames(field, select.names, observation);
  requireOrdinals({ ...(select.first && { first: select.first }) }, observation, `${field}.first`);
}

function requireNames(field: string, names: readonly string[], { target, pods }: Observation): void {
  const there = new Set(pods.map(({ name }) => name).toSorted());
  const missing = names.filter((name) => !there.has(name));
  if (missing.length === 0) return;
  throw invalid(`${field}.names`, {
    found: missing.join(', '),
    allowed: `pods of ${workloadName(target)}: ${first([...there])}`,
  });
}

/** Why a selection has no pods that are to change. `elsewhere`: those that it matches may be in another group. */
export function nothingSelected(
  field: string,
  select: PodSelect,
  { target, pods }: Observation,
  elsewhere = false,
): SluiceError {
  const selected = pods.filter(selectedBy(select)).length;
  if (selected > 0) {
    return invalid(field, {
      found: `${selected === 1 ? 'only a pod' : `only ${selected} pods`} that ${selected === 1 ? 'runs' : 'run'} the new version already${elsewhere ? `, or ${selected === 1 ? 'is' : 'are'} in the gray group or an earlier batch` : ''}`,
      allowed: `a selection that matches other pods of ${workloadName(target)}`,
    });
  }
  return invalid(field, {
    found: 'conditions that no pod meets',
    allowed: `conditions that at least one pod of ${workloadName(target)} meets${thereIs(select, pods)}`,
  });
}

/** The values that the conditions could have, so that a typing error shows. */
function thereIs({ labels = {}, nodes = {} }: PodSelect, pods: readonly ObservedPod[]): string {
  const values = (keys: readonly string[], labelsOf: (pod: ObservedPod) => Readonly<Record<string, string>>) =>
    keys.map((key) => {
      const found = new Set(pods.map((pod) => labelsOf(pod)[nodeLabel(key)]).filter((value) => value !== undefined));
      return `${key} is ${found.size === 0 ? 'nowhere set' : first([...found].toSorted())}`;
    });
  const facts = [
    ...values(Object.keys(labels), (pod) => pod.labels),
    ...values(Object.keys(nodes), (pod) => pod.nodeLabels),
  ];
  return facts.length === 0 ? '' : `; ${facts.join('; ')}`;
}

const first = (words: readonly string[]): string =>
  words.length <= 10 ? words.join(', ') : `${words.slice(0, 10).join(', ')} and ${words.length - 10} more`;
