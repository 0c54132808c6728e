import { setTimeout as sleep } from 'node:timers/promises';
import { SluiceError } from '../../../workflows/contract/errors.ts';
import type { Target } from '../../../workflows/contract/names.ts';
import type { ReleaseSpecInput } from '../../../workflows/contract/spec.ts';
import { isOver, type ReleaseStatus } from '../../../workflows/contract/status.ts';
import { validateSpec } from '../../../workflows/contract/validate.schema.ts';
import type { Sluice } from '../../sdk/client.ts';
import { asSluiceError } from '../../sdk/problem.ts';
import { follow } from '../follow.ts';
import type { Session } from '../session.ts';
import { statusLines } from '../view/status.ts';

/** Long enough to read what one would type, in ms. */
const readingTimeMs = 3_000;

/** One release with its live view. At the gate somebody presses Enter; where nobody sits, or with `yes`, it approves by itself. */
export async function playRelease(
  session: Session,
  sluice: Sluice,
  target: Target,
  image: string,
  options: { readonly yes: boolean },
): Promise<ReleaseStatus> {
  const { output, defaults, io } = session;
  const isLive = output.progressScreen.isTTY;
  const alone = options.yes || io.onLine === undefined || !isLive;
  const { run } = await sluice.start(validateSpec(specOf(target, image)), { initiator: 'demo' });
  let gate: string | undefined;
  let complaint: string | undefined;
  const decided = new Set<string>();
  const approve = async (): Promise<void> => {
    const open = gate;
    if (open === undefined || decided.has(open)) return;
    decided.add(open);
    if (alone && isLive) await sleep(readingTimeMs);
    const reason = alone ? 'nobody sits here' : 'Enter was pressed';
    try {
      await sluice.send(target, 'approve', { by: 'demo', gate: open, run, reason });
      complaint = undefined;
    } catch (error) {
      complaint = asSluiceError(error).message;
      decided.delete(open);
      if (alone) setTimeout(() => void approve(), 1_000);
    }
  };
  const status = await follow(session, sluice, target, {
    watch: true,
    run,
    onStatus({ waiting }) {
      gate = waiting?.for === 'approval' ? waiting.gate : undefined;
      if (alone) void approve();
    },
    ...(!alone && { onEnter: () => void approve() }),
    footer({ waiting }) {
      if (alone || waiting?.for !== 'approval') return 'Ctrl-C leaves; the release goes on.';
      const how = 'Press Enter to approve here, or type one of the commands in another terminal.';
      return complaint === undefined ? how : `Not approved: ${complaint} Press Enter to try again.`;
    },
  });
  if (!isOver(status.phase)) throw new SluiceError('INTERNAL', `The release stopped in ${status.phase}.`);
  if (!isLive) output.note((look) => ['', ...statusLines(status, look, defaults)]);
  return status;
}

const specOf = ({ cluster, namespace, kind, name }: Target, image: string): ReleaseSpecInput => ({
  metadata: { namespace },
  target: { cluster, workload: `${kind}/${name}` },
  change: { images: { app: image } },
  strategy: { gray: { pods: 1 }, batches: ['40%', '60%'], maxUnavailable: '25%', readyTimeout: '30s' },
  gates: { afterGray: { bake: '1s', approval: {} }, afterBatch: { bake: '1s' } },
  traffic: { through: [{ service: name }], quiet: '1s' },
});
