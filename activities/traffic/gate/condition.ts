import { conditionOf } from '../../kubernetes/podState.ts';
import type { Pod } from '../../kubernetes/wire.ts';
import { drainReason } from '../drained.ts';

/** How a readiness gate of a pod stands; no status: nobody has set it yet, which counts as False. */
export interface GateState {
  readonly status?: string;
  readonly reason?: string;
  readonly message?: string;
}

/**
 * How the gate stood before this release closed it. A condition that carries our reason was True: only those are
 * closed. One that another release left closed counts as well; nobody else would ever open it again.
 */
export function gateBefore(pod: Pod, gate: string): GateState {
  const condition = conditionOf(pod, gate);
  if (condition === undefined) return {};
  const { status, reason, message } = condition;
  if (status === 'False' && reason === drainReason) return { status: 'True' };
  return { status, ...(reason !== undefined && { reason }), ...(message !== undefined && { message }) };
}

/** The body of a strategic merge patch of pods/status (conditions merge by type), for this very pod. */
export function conditionPatch(uid: string, gates: readonly (GateState & { readonly type: string })[], now: Date) {
  const conditions = gates.map(({ type, status, reason = null, message = null }) => ({
    type,
    status,
    reason,
    message,
    lastTransitionTime: now.toISOString().replace(/\.\d+Z$/, 'Z'),
  }));
  return { metadata: { uid }, status: { conditions } };
}

/** A snapshot's entry, as the workflow gives it back. */
export function readGateState(value: unknown): GateState | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const text = (key: string): string | undefined => {
    const found: unknown = key in value ? Reflect.get(value, key) : undefined;
    return typeof found === 'string' ? found : undefined;
  };
  const [status, reason, message] = [text('status'), text('reason'), text('message')];
  return {
    ...(status !== undefined && { status }),
    ...(reason !== undefined && { reason }),
    ...(message !== undefined && { message }),
  };
}
