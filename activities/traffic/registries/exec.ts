import { commandText } from '../../../workflows/contract/commandText.ts';
import { humanDuration, milliseconds } from '../../../workflows/contract/quantity.ts';
import type { RegistryRulesOf } from '../../../workflows/contract/registries.schema.ts';
import { exec } from '../../kubernetes/exec.ts';
import type { LivePod, TrafficDeps } from '../../ports.ts';
import { actedOf } from '../../reload/act.ts';
import { createSlots } from '../../slots.ts';
import { BackOff } from './backOff.ts';
import { excerpt, RegistryFailure } from './failure.ts';
import type { OpenRegistry } from './index.ts';
import type { Found } from './registry.ts';

/** Commands under way at once for one look: all go through the API server. */
const concurrency = 16;

/** Commands that failed: one may hang in its container, so it is not begun again at once, and later each time. */
const failures = new Map<string, { readonly backOff: BackOff; readonly why: string }>();

/**
 * The application's own way in and out of traffic: commands in its container. In or out is what its `status` command says in
 * words; an exit code would not do, for a program that breaks has one, too.
 */
export function execRegistry(
  { container, offline, online, status, timeout }: RegistryRulesOf<'exec'>,
  { kube, signal, held, pods }: TrafficDeps,
): OpenRegistry {
  const timeoutMs = milliseconds(timeout);

  /** What it says. @throws RegistryFailure where it did not end well in time */
  async function run(pod: string, command: readonly string[]): Promise<string> {
    const at = { namespace: held.target.namespace, pod, container };
    const key = JSON.stringify([held.target.cluster, at, command]);
    const before = failures.get(key);
    if (before !== undefined && before.backOff.closedMs > 0) throw failed(pod, command, before.why);
    const backOff = before?.backOff ?? new BackOff();
    const attempt = backOff.attempt();
    const answer = await exec(kube, at, command, { timeoutMs, signal });
    const acted = actedOf(answer, timeoutMs);
    if (acted === 'done') {
      failures.delete(key);
      return answer.kind === 'ended' ? answer.stdout : '';
    }
    if (acted.is === 'refused') {
      // It was not begun.
      failures.delete(key);
      throw failed(pod, command, acted.reason, false);
    }
    attempt.failed();
    failures.set(key, { backOff, why: acted.reason });
    throw failed(pod, command, acted.reason);
  }

  /** `ofPod` false: nobody may run commands, in whatever pod. */
  const failed = (pod: string, command: readonly string[], why: string, ofPod = true): RegistryFailure =>
    new RegistryFailure(
      `${commandText(command)} in container ${container} of pod ${pod}: ${why}.`,
      `Run it by hand: kubectl exec -n ${held.target.namespace} ${pod} -c ${container} -- ${commandText(command)}; it must end with 0 within ${humanDuration(timeoutMs)}.`,
      { ofPod },
    );

  async function look(live: LivePod): Promise<Found> {
    const pod = pods.find(live) ?? live.pod;
    const names = pod.spec.containers.map(({ name }) => name);
    if (!names.includes(container)) throw noContainer(container, names);
    const state = pod.status?.containerStatuses?.find(({ name }) => name === container)?.state;
    if (state?.running === undefined) return { is: 'none' };
    try {
      const said = await run(live.name, status.command);
      const lines = new Set(said.split('\n').map((line) => line.trim()));
      const [isIn, isOut] = [status.online, status.offline].map((word) => lines.has(word));
      if (isIn !== isOut) {
        return { is: 'there', stand: { id: live.name, inTraffic: isIn === true, takenOut: isOut === true } };
      }
      const expected = `a line ${status.online} or a line ${status.offline}`;
      throw failed(live.name, status.command, `it says ${excerpt(said) || 'nothing'}; expected: ${expected}`);
    } catch (error) {
      if (error instanceof RegistryFailure) return { is: 'unanswered', why: error };
      throw error;
    }
  }

  const slots = createSlots(concurrency);
  return {
    registry: {
      async look(live) {
        return new Map(await Promise.all(live.map(async (pod) => [pod.name, await slots(() => look(pod))] as const)));
      },
      takeOut: async ({ id }) => void (await run(id, offline)),
      putBack: async ({ id }) => void (await run(id, online)),
    },
    closedMs: () => 0,
  };
}

const noContainer = (container: string, names: readonly string[]): RegistryFailure =>
  new RegistryFailure(
    `The pods have no container ${container}; they have: ${names.join(', ')}.`,
    'Correct `container`.',
  );
