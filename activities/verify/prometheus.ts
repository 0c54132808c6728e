import type { CheckSpec } from '../../workflows/contract/check.schema.ts';
import type { Check, CheckDeps, Verdict } from '../ports.ts';
import type { Answer } from '../prometheus/answer.ts';
import { instantQuery } from '../prometheus/query.ts';

export type PrometheusCheckSpec = Extract<CheckSpec, { prometheus: unknown }>['prometheus'];

/** One instant query (`/api/v1/query`), whose one number must lie between `min` and `max`; the same for all pods. */
export function prometheusCheck(spec: PrometheusCheckSpec, { signal }: Pick<CheckDeps, 'signal'>): Check {
  return {
    key: 'prometheus',
    undecided: spec.onUndecided === 'fail' ? 'CHECK_FAILED' : 'CHECK_UNDECIDED',
    async run(pods) {
      const verdict = judge(await instantQuery(spec, signal), spec);
      return new Map(pods.map(({ name }) => [name, verdict]));
    },
  };
}

/** The verdict on one answer. What is undecided stays `unsure`: it never passes silently. */
export function judge(answer: Answer, spec: PrometheusCheckSpec): Verdict {
  const about = (text: string): string => `${text} (${spec.query})`;
  switch (answer.kind) {
    case 'error':
      return { result: 'unsure', reason: about(`${new URL(spec.server).host}: ${answer.reason}`) };
    case 'unusable':
      return { result: 'fail', reason: about(answer.reason) };
    case 'none':
      return { result: spec.noData, reason: about(`no data: ${answer.reason}`) };
    case 'number': {
      const { value } = answer;
      if (spec.max !== undefined && value > spec.max) {
        return { result: 'fail', reason: about(`${value} is over the maximum of ${spec.max}`) };
      }
      if (spec.min !== undefined && value < spec.min) {
        return { result: 'fail', reason: about(`${value} is under the minimum of ${spec.min}`) };
      }
      return { result: 'pass', reason: about(`${value}`) };
    }
  }
}
