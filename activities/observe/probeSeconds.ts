import type { PodTemplate } from '../kubernetes/wire.ts';

/**
 * Seconds from the start of a pod until its readiness probes can pass: the slowest container, its startup probe first.
 * 0: there is no readiness probe.
 */
export function probeSeconds(template: PodTemplate): number {
  let seconds = 0;
  for (const { readinessProbe, startupProbe } of template.spec?.containers ?? []) {
    if (!readinessProbe) continue;
    const first = startupProbe ? (startupProbe.initialDelaySeconds ?? 0) + 1 : 0;
    const delay = Math.max(readinessProbe.initialDelaySeconds ?? 0, first);
    const repeats = ((readinessProbe.successThreshold ?? 1) - 1) * (readinessProbe.periodSeconds ?? 10);
    // The first probe of a container comes at once after its delay; the answer takes a moment.
    seconds = Math.max(seconds, delay + repeats + 1);
  }
  return seconds;
}
