import { SluiceError } from '../../workflows/contract/errors.ts';
import { podSelectors, reachMs } from '../../workflows/contract/promql.ts';
import { humanDuration } from '../../workflows/contract/quantity.ts';
import type { SilenceSpec } from '../../workflows/contract/silence.schema.ts';
import { isReady } from '../kubernetes/podState.ts';
import type { Pod } from '../kubernetes/wire.ts';
import type { PumpedPod } from '../ports.ts';
import { instantQuery } from '../prometheus/query.ts';
import type { Sight } from './sight.ts';

type MeasureRules = Extract<SilenceSpec, { prometheus: unknown }>['prometheus'];

/** A query, or a part of it, for one pod. */
const forPod = (text: string, { metadata, status }: Pod): string =>
  text
    .replaceAll('{pod}', metadata.name)
    .replaceAll('{namespace}', metadata.namespace ?? '')
    .replaceAll('{ip}', status?.podIP ?? '');

/** How old, by the server's clock, the oldest of the series of the pod is. A query itself does not tell: its answer has the time of the question. */
const agesOf = ({ query }: MeasureRules, pod: Pod): readonly string[] =>
  podSelectors(query).map((selector) => `time() - min(timestamp(${forPod(selector, pod)}))`);

/**
 * What Prometheus says of a pod, by what was scraped since it is out of traffic: neither an older sample nor a range that
 * begins before counts. Whatever is not one number is no silence.
 */
export async function measure({ pod, since }: PumpedPod, rules: MeasureRules, signal: AbortSignal): Promise<Sight> {
  const query = forPod(rules.query, pod);
  const failed = (what: string): Sight => ({
    kind: 'failed',
    reason: `Prometheus at ${new URL(rules.server).host}: ${what} (${query})`,
  });
  const outMs = Date.now() - Date.parse(since);
  const needed = reachMs(rules.query) ?? Number.POSITIVE_INFINITY;
  if (outMs < needed) return failed(`what came before the drain counts until ${humanDuration(needed)} after it`);
  // Before the figure: what is scraped in between can only be newer.
  for (const age of agesOf(rules, pod)) {
    const answer = await instantQuery({ ...rules, query: age }, signal);
    if (answer.kind !== 'number') return failed(answer.reason);
    if (answer.value * 1_000 > outMs) return failed('nothing was scraped since the drain');
  }
  const answer = await instantQuery({ ...rules, query }, signal);
  if (answer.kind !== 'number') return failed(answer.reason);
  const { value } = answer;
  return { kind: 'measured', silent: value <= rules.max, text: `${value}, not at most ${rules.max} (${query})` };
}

/** Whether the query can show silence, by a pod that is in traffic. @throws SILENCE_UNUSABLE */
export async function inspectMeasure(pods: readonly Pod[], rules: MeasureRules, signal: AbortSignal): Promise<void> {
  const pod = pods.find(isReady);
  if (pod === undefined) return;
  for (const query of [forPod(rules.query, pod), ...agesOf(rules, pod)]) {
    const answer = await instantQuery({ ...rules, query }, signal);
    if (answer.kind === 'number') continue;
    const { host } = new URL(rules.server);
    throw new SluiceError('SILENCE_UNUSABLE', `Prometheus at ${host}: ${answer.reason} (${query}).`);
  }
}
