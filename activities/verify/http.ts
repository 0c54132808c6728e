import { request } from 'undici';
import type { CheckSpec } from '../../workflows/contract/check.schema.ts';
import { milliseconds } from '../../workflows/contract/quantity.ts';
import { failureText } from '../failureText.ts';
import type { Pod } from '../kubernetes/wire.ts';
import type { Check, CheckDeps, Verdict } from '../ports.ts';
import { createSlots } from '../slots.ts';

export type HttpCheckSpec = Extract<CheckSpec, { http: unknown }>['http'];

const concurrency = 16;

/**
 * One GET to each pod's own address, from the worker. Another status than `expect` fails; no answer is `unsure`.
 * Redirects are not followed: their status is the answer.
 */
export function httpCheck(spec: HttpCheckSpec, { signal }: Pick<CheckDeps, 'signal'>): Check {
  const slots = createSlots(concurrency);
  return {
    key: 'http',
    // Whoever does not answer is not fit to serve.
    undecided: 'CHECK_FAILED',
    async run(pods) {
      const verdicts = await Promise.all(
        pods.map(async ({ name, pod }) => [name, await slots(() => ask(pod, spec, signal))] as const),
      );
      return new Map(verdicts);
    },
  };
}

async function ask(pod: Pod, spec: HttpCheckSpec, signal: AbortSignal): Promise<Verdict> {
  signal.throwIfAborted();
  const port = spec.port ?? pod.spec.containers[0]?.ports?.[0]?.containerPort;
  if (port === undefined) {
    return { result: 'fail', reason: 'its first container declares no port; name one in `http.port`' };
  }
  const ip = pod.status?.podIP;
  if (ip === undefined) return { result: 'unsure', reason: 'it has no address yet' };
  const url = `http://${ip.includes(':') ? `[${ip}]` : ip}:${port}${spec.path}`;
  const timeoutMs = milliseconds(spec.timeout);
  const startedMs = performance.now();
  try {
    const { statusCode, body } = await request(url, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      // A connection that is kept would count as a caller when the pod is drained again for a rollback.
      reset: true,
    });
    await body.dump().catch(() => undefined);
    const took = `${Math.round(performance.now() - startedMs)} ms`;
    if (statusCode === spec.expect) return { result: 'pass', reason: `GET ${url}: ${statusCode} in ${took}` };
    return { result: 'fail', reason: `GET ${url}: ${statusCode} in ${took}, expected ${spec.expect}` };
  } catch (error) {
    signal.throwIfAborted();
    return { result: 'unsure', reason: `GET ${url}: ${failureText(error, timeoutMs)}` };
  }
}
