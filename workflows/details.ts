import { isBounded } from './contract/bounded.ts';
import { changeText, otherChanges } from './contract/changeText.ts';
import { hotSwapText } from './contract/hotSwap/plan.ts';
import { boundText } from './contract/plan.ts';
import { orderText } from './contract/planner/containerOrder.ts';
import { reloadText } from './contract/reload.ts';
import type { PodStatus, ReleaseStatus } from './contract/status.ts';
import type { BatchInput } from './contract/workflows.ts';

/** The Temporal UI shows markdown of a bounded size: beyond this many rows, pods are only counted. */
const mostRows = 60;

/** Current details of a release: who only opens the Temporal UI understands it from this. */
export function releaseDetails(status: ReleaseStatus): string {
  const { plan, waiting, failure, notUndone, log, refused, supersedes } = status;
  const change = changeText(status) || '? → ?';
  const lines = [
    `## ${status.app} ${change}: ${status.phase}`,
    status.text,
    ...(supersedes === undefined ? [] : [`It took the place of release run ${supersedes.run}. ${supersedes.text}`]),
    ...(waiting?.for === 'approval' || waiting?.early === true ? [howToGoOn(status)] : []),
    ...(failure === undefined ? [] : [`**${failure.code}** ${failure.text} ${failure.next}`]),
    ...notUndone.map((left) => `- **not undone** ${left.text} ${left.next}`),
  ];
  if (status.batches.length > 0) {
    lines.push('', '| batch | state | pods | done | failed |', '|---|---|---|---|---|');
    for (const { name, state, pods } of status.batches) {
      lines.push(
        `| ${name} | ${state} | ${pods.length} | ${count(pods, 'done') + count(pods, 'out')} | ${count(pods, 'failed')} |`,
      );
    }
    const pods = status.batches.flatMap((batch) => batch.pods.map((pod) => ({ ...pod, batch: batch.name })));
    lines.push('', ...podTable(pods));
  }
  if (plan !== undefined) {
    const bound = `Of ${plan.replicas} pods ${boundText(plan)}. `;
    lines.push('', `${isBounded(plan) ? bound : ''}${plan.mode.reason}`);
    for (const [container, image] of Object.entries(plan.change.to)) lines.push(`- ${container}: \`${image}\``);
    for (const what of otherChanges(plan.change)) lines.push(`- ${what}`);
    if (plan.change.reload !== undefined) lines.push(`- ${reloadText(plan.change.reload)}`);
    if (plan.change.hotSwap !== undefined) lines.push(`- ${hotSwapText(plan.change.hotSwap)}`);
    if (plan.change.order !== undefined) lines.push(`- in each pod ${orderText(plan.change.order)}`);
    lines.push(...plan.warnings.map((warning) => `- ⚠ ${warning.message}`));
  }
  lines.push('', '### Log', ...log.slice(-30).map(({ at, by, text }) => `- ${at} ${by ? `**${by}** ` : ''}${text}`));
  if (refused.length > 0) {
    lines.push(
      '',
      '### Refused',
      ...refused.slice(-10).map(({ at, by, name, text }) => `- ${at} **${by}** ${name}: ${text}`),
    );
  }
  return lines.join('\n');
}

/** Current details of a batch. */
export function batchDetails(input: BatchInput, pods: readonly PodStatus[], waiting: string | undefined): string {
  const done = count(pods, input.undo ? 'undone' : 'done');
  const head = `## ${input.name}: ${done} of ${pods.length} pods ${input.doing ?? (input.undo ? 'back' : 'upgraded')}`;
  return [head, ...(waiting === undefined ? [] : [waiting]), '', ...podTable(pods)].join('\n');
}

function podTable(pods: readonly (PodStatus & { readonly batch?: string })[]): string[] {
  // Finished and waiting pods say little; those in hand and failed ones come first where not all have room.
  const rank = (pod: PodStatus): number =>
    pod.state === 'failed' ? 0 : pod.state === 'done' || pod.state === 'queued' ? 2 : 1;
  const shown = pods.length <= mostRows ? pods : pods.toSorted((a, b) => rank(a) - rank(b)).slice(0, mostRows);
  const rows = shown.map(
    ({ name, batch, state, reason, waitsFor }) =>
      `| ${name} | ${batch ?? ''} | ${state} | ${reason ?? waitsFor ?? ''} |`,
  );
  const rest = pods.length - shown.length;
  return [
    '| pod | batch | state | reason |',
    '|---|---|---|---|',
    ...rows,
    ...(rest > 0 ? [`| … and ${rest} more | | | |`] : []),
  ];
}

function howToGoOn({ waiting, target, app, drain }: ReleaseStatus): string {
  const where = `${target.kind}/${target.name} -n ${target.namespace} --cluster ${target.cluster}`;
  if (drain === true) return ['To put the pods back, run', '```', `sluice restore ${where}`, '```'].join('\n');
  return [
    `To go on with ${app}, send the update \`approve\` with \`{"gate": "${waiting?.gate}", "by": "<you>"}\`, or run`,
    '```',
    `sluice approve ${where}`,
    `sluice reject ${where}`,
    '```',
  ].join('\n');
}

const count = (pods: readonly PodStatus[], state: PodStatus['state']): number =>
  pods.filter((pod) => pod.state === state).length;
