import { greenOf } from '../../../workflows/contract/blueGreen/share.ts';
import { type PlannedCanary, splitText } from '../../../workflows/contract/canary/plan.ts';
import { changeText, otherChanges } from '../../../workflows/contract/changeText.ts';
import { hotSwapText } from '../../../workflows/contract/hotSwap/plan.ts';
import { workloadName } from '../../../workflows/contract/names.ts';
import {
  boundText,
  type Plan,
  type PlannedBatch,
  type PlannedGate,
  type PlannedPod,
  type PlannedPrePull,
} from '../../../workflows/contract/plan.ts';
import { orderText } from '../../../workflows/contract/planner/containerOrder.ts';
import { countOf, humanDuration } from '../../../workflows/contract/quantity.ts';
import { reloadText } from '../../../workflows/contract/reload.ts';
import { callersCacheMs, throughText } from '../../../workflows/contract/traffic.ts';
import type { Look } from './look.ts';
import { table } from './table.ts';
import { ends, fit, harmlessDeep, padEnd, wrap } from './text.ts';

export interface PlanOptions {
  /** Every pod and whole image references, however many there are. */
  readonly wide?: boolean;
}

/** Nodes that are named before the rest is summed up. */
const nodesListed = 3;

/** Pods of a batch that are listed by name before the rest is summed up. */
const podsListed = 6;

/** What a release would do: the change, the batches with their pods and gates, the writes, the warnings. */
export function planLines(given: Plan, look: Look, { wide = false }: PlanOptions = {}): string[] {
  const plan = harmlessDeep(given);
  const { colours, glyphs, width } = look;
  const { target, change } = plan;
  const where = [workloadName(target), target.namespace, target.cluster].join(` ${glyphs.dot} `);
  const rows: [string, string][] = [
    ...Object.entries(change.to).map(([container, image]): [string, string] => [
      change.restart === true ? 'restart' : 'change',
      imageText(container, change.from[container], image, look, wide),
    ]),
    ...otherChanges(change, glyphs.arrow).map((what): [string, string] => ['change', what]),
    ...(change.reload === undefined ? [] : [['reload', reloadText(change.reload)] satisfies [string, string]]),
    ...(change.hotSwap === undefined ? [] : [['pair', hotSwapText(change.hotSwap)] satisfies [string, string]]),
    ...(change.order === undefined ? [] : [['order', orderLine(change.order)] satisfies [string, string]]),
    ['how', plan.mode.reason === '' ? 'in place' : plan.mode.reason],
    ['pods', podsText(plan)],
    ...(plan.prePull === undefined ? [] : [['pulls', pullText(plan.prePull, wide)] satisfies [string, string]]),
    ['traffic', trafficText(plan)],
    ...(plan.checks.length === 0 ? [] : [['checks', plan.checks.map(checkText).join(', ')] satisfies [string, string]]),
    ['on failure', failureText(plan)],
    ['estimate', `about ${humanDuration(plan.estimateSeconds * 1000)}, approvals left out`],
  ];
  const body = rows.flatMap(([key, value]) => keyed(key, value, look, wide));
  return [
    ends(
      ` ${colours.bold(plan.app)}  ${changeText({ ...change, version: colours.bold(change.version) }, glyphs.arrow)}`,
      colours.dim(where),
      width,
    ),
    '',
    ...body,
    '',
    ...batchTable(plan.batches, look, wide),
    ...(plan.writes.length === 0 ? [] : ['', ` ${colours.bold('Writes besides the pods')}`]),
    ...plan.writes.flatMap((write, index) => hanging(` ${`${index + 1}.`.padStart(3)} `, write, width)),
    ...(plan.warnings.length === 0 ? [] : ['']),
    ...plan.warnings.flatMap(({ code, message }) =>
      hanging(` ${glyphs.warn} `, `${message} (${code})`, width).map((line) => colours.yellow(line)),
    ),
  ];
}

function failureText({ drain, onFailure }: Plan): string {
  if (drain !== undefined) return 'back into traffic';
  return onFailure === 'Rollback' ? 'roll back' : 'hold and wait for somebody';
}

function imageText(container: string, from: string | undefined, to: string, look: Look, wide: boolean): string {
  const arrow = look.glyphs.arrow;
  return `${container}: ${from === undefined ? '?' : image(from, wide)} ${arrow} ${image(to, wide)}`;
}

/** One container after another, where the change says so. */
const orderLine = (order: NonNullable<Plan['change']['order']>): string =>
  `in each pod ${orderText(order)}, each when the one before is ready`;

/** A digest in full says nothing to people; its start tells versions apart. */
const image = (reference: string, wide: boolean): string =>
  wide ? reference : reference.replace(/@sha256:([0-9a-f]{12})[0-9a-f]+/, '@sha256:$1…');

/** Which nodes get the images before anything is touched. */
function pullText({ nodes, timeoutMs, required }: PlannedPrePull, wide: boolean): string {
  const shown = wide || nodes.length <= nodesListed + 1 ? nodes : nodes.slice(0, nodesListed);
  const left = nodes.length - shown.length;
  const names = `${shown.join(', ')}${left > 0 ? ` and ${left} more` : ''}`;
  return `first on ${countOf(nodes.length, 'node')} (${names}), at most ${humanDuration(timeoutMs)} each${required ? ', or the release stops' : ''}`;
}

function podsText(plan: Plan): string {
  const { scale, drain, blueGreen, canary, replicas, batches } = plan;
  if (drain !== undefined) return `${batches.flatMap(({ pods }) => pods).length} of ${replicas}`;
  if (canary !== undefined) {
    const counts = canary.steps.map(({ pods }) => greenOf(replicas, pods)).join(', ');
    return `${replicas} now, and beside them ${counts} until the old ones go`;
  }
  if (blueGreen !== undefined) return `${replicas} now, and as many beside them until the old ones go`;
  const parts = `${batches.length} ${batches.length === 1 ? 'batch' : 'batches'}`;
  if (scale === undefined) return `${replicas} in ${parts}, ${boundText(plan)}`;
  const count = Math.abs(scale.to - scale.from);
  return `${scale.from} now, ${count} ${scale.to > scale.from ? 'more' : 'fewer'} in ${parts}`;
}

function trafficText({ traffic, blueGreen, canary }: Plan): string {
  if (canary !== undefined) return splitsText(canary);
  if (blueGreen !== undefined) return switchText(blueGreen);
  if (traffic.through.length === 0) return 'not drained';
  const late = traffic.onDrainTimeout === 'Stop' ? 'then stop' : 'then go on';
  const cacheMs = Math.max(...traffic.through.map(callersCacheMs));
  const cache = cacheMs > 0 ? `${humanDuration(cacheMs)} for the caches of callers, then ` : '';
  return `${throughText(traffic.through)}; ${cache}${humanDuration(traffic.quietMs)} of silence${measuredText(traffic)}, at most ${humanDuration(traffic.maxDrainMs)}, ${late}`;
}

function measuredText({ silence }: Plan['traffic']): string {
  if (silence === undefined || !('prometheus' in silence)) return '';
  const { query, max } = silence.prometheus;
  return ` (Prometheus: ${query} at most ${max})`;
}

function switchText({ services, previewService, keepOldMs }: NonNullable<Plan['blueGreen']>): string {
  const preview = previewService === undefined ? '' : `, seen before through ${previewService}`;
  return `service ${services.join(', ')} is switched${preview}; back in one step for ${humanDuration(keepOldMs)}`;
}

function splitsText({ services, route, steps }: PlannedCanary): string {
  const named = `service ${services.join(', ')}`;
  if (route === undefined) return `${named} calls old and new pods, as many as there are; then it is switched`;
  const splits = steps.flatMap(({ split }) => (split ? [splitText(split)] : [])).join(', then ');
  return `${route.kind} ${route.name} sends callers to the new pods: ${splits}; then ${named} is switched`;
}

function checkText(check: Plan['checks'][number]): string {
  return 'http' in check ? `GET ${check.http.path} = ${check.http.expect}` : `prometheus ${check.prometheus.query}`;
}

export function gateText({ bakeMs, approval }: PlannedGate): string {
  const parts = [
    ...(bakeMs > 0 ? [`bake ${humanDuration(bakeMs)}`] : []),
    ...(approval === undefined
      ? []
      : [
          `${approval.required} approval${approval.required === 1 ? '' : 's'}${approval.from.length === 0 ? '' : ` from ${approval.from.join(', ')}`}`,
        ]),
  ];
  return parts.join(', ') || 'opens by itself';
}

function batchTable(batches: readonly PlannedBatch[], look: Look, wide: boolean): string[] {
  const { colours, width } = look;
  const hasZones = batches.some(({ pods }) => pods.some(({ zone }) => zone !== undefined));
  const rows = batches.flatMap((batch) => {
    // Nobody knows the names of pods that are still to be born.
    if (batch.pods.every(({ uid, name }) => uid === name)) {
      const gate = colours.dim(`  gate ${batch.gate.id}: ${gateText(batch.gate)}`);
      return [[batch.name, countOf(batch.pods.length, 'new pod'), '', ...(hasZones ? [''] : []), ''], [gate]];
    }
    const shown = wide || batch.pods.length <= podsListed + 1 ? batch.pods : batch.pods.slice(0, podsListed);
    const left = batch.pods.length - shown.length;
    const lines = shown.map((pod, index) => [
      index === 0 ? batch.name : '',
      pod.name,
      pod.node,
      ...(hasZones ? [pod.zone ?? ''] : []),
      podState(pod),
    ]);
    if (left > 0) lines.push(['', `… and ${left} more`, '', ...(hasZones ? [zoneCounts(batch.pods)] : []), '']);
    return [...lines, [colours.dim(`  gate ${batch.gate.id}: ${gateText(batch.gate)}`)]];
  });
  const [head = '', ...lines] = table(['BATCH', 'POD', 'NODE', ...(hasZones ? ['ZONE'] : []), 'NOW'], rows);
  return [colours.bold(head), ...lines].map((line) => fit(` ${line}`, wide ? Number.POSITIVE_INFINITY : width));
}

const podState = ({ ready, from }: PlannedPod): string =>
  [ready ? 'ready' : 'not ready', ...(from === undefined ? [] : ['other version'])].join(', ');

function zoneCounts(pods: readonly PlannedPod[]): string {
  const counts = new Map<string, number>();
  for (const { zone = '?' } of pods) counts.set(zone, (counts.get(zone) ?? 0) + 1);
  return [...counts].map(([zone, count]) => `${zone}:${count}`).join(' ');
}

function keyed(key: string, value: string, { colours, width }: Look, wide: boolean): string[] {
  const lines = wide ? [value] : wrap(value, Math.max(30, width - 14));
  return lines.map((line, index) => ` ${colours.dim(padEnd(index === 0 ? key : '', 11))} ${line}`);
}

function hanging(lead: string, text: string, width: number): string[] {
  return wrap(text, Math.max(30, width - lead.length - 1)).map(
    (line, index) => (index === 0 ? lead : ' '.repeat(lead.length)) + line,
  );
}
