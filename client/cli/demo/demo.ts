import { type SampleTag, sampleImage } from '../../../local/sample.ts';
import type { RuntimeName } from '../../../local/types.ts';
import type { ExitCode } from '../../../workflows/contract/errors.ts';
import type { Target } from '../../../workflows/contract/names.ts';
import { localProgress } from '../localProgress.ts';
import { type Session, withSluice } from '../session.ts';
import { awaitWorker, bringUp, deploySample, endOldRelease, startWorker } from './ground.ts';
import { playRelease } from './release.ts';
import { endLines, stepLines } from './words.ts';

export interface DemoOptions {
  /** Approve without asking; so too where nobody sits at a terminal. */
  readonly yes: boolean;
  /** Stop the stack at the end. */
  readonly once: boolean;
  readonly runtime?: RuntimeName;
}

/** The workload that the demo makes and releases. */
const sample = { namespace: 'demo', kind: 'deployment', name: 'checkout' } as const;

/**
 * Everything once, for real: the stack, an application of 12 pods, a worker, a release that succeeds and one that rolls
 * itself back. What it leaves behind is there to be played with.
 * @returns 0 when both releases ended as they should
 */
export async function demo(session: Session, options: DemoOptions): Promise<ExitCode> {
  const { output, signal } = session;
  output.note(stepLines(1, 'The local stack: Temporal and Kubernetes on this machine'));
  const { stack, environment } = await bringUp(session, options.runtime);
  const target: Target = { cluster: environment.SLUICE_CLUSTER, ...sample };
  // With real pods the images come from the registry of the stack.
  const registry = stack.parts.find((part) => part.name === 'registry')?.address;
  const image = (tag: SampleTag): string => sampleImage(tag, registry);
  const connection = {
    temporalAddress: environment.TEMPORAL_ADDRESS,
    temporalNamespace: environment.TEMPORAL_NAMESPACE,
  };

  return withSluice(session, connection, async (sluice) => {
    output.note(stepLines(2, 'A worker, and an application of 12 pods at v1'));
    const progress = localProgress(session);
    try {
      await startWorker(environment, { report: progress.report, signal });
      await awaitWorker(sluice, target.cluster, signal);
      await endOldRelease(sluice, target);
      await deploySample(target, stack.runtime ?? 'kwok', image('v1'), progress.report);
    } finally {
      progress.end();
    }
    output.note(stepLines(3, 'A release, v1 to v2: a gray pod, an approval, two batches, the commit'));
    const good = await playRelease(session, sluice, target, image('v2'), options);
    output.note(stepLines(4, 'A broken version: v3 crashes in the gray pod, and the release takes it back'));
    const bad = await playRelease(session, sluice, target, image('v3-crash'), { ...options, yes: true });

    const asPlanned = good.phase === 'succeeded' && bad.phase === 'rolledBack';
    output.result({ asPlanned, environment, releases: [good, bad] }, () => []);
    output.note(
      endLines(
        { asPlanned, environment, target, releases: [good, bad], image: image('v3'), once: options.once },
        session.defaults,
      ),
    );
    return asPlanned ? 0 : 4;
  });
}
