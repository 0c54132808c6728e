import type { ExitCode } from '../../workflows/contract/errors.ts';
import type { ScaleSpec } from '../../workflows/contract/scale/spec.schema.ts';
import type { ReleaseSpec } from '../../workflows/contract/spec.ts';
import type { Sluice } from '../sdk/client.ts';
import type { Session } from './session.ts';
import { planLines } from './view/plan.ts';

/** What `sluice plan` and every `--dry-run` show; touches nothing. `superseding`: in the place of the release that runs. */
export async function showPlan(
  session: Session,
  sluice: Sluice,
  spec: ReleaseSpec | ScaleSpec,
  superseding?: { readonly initiator: string },
): Promise<ExitCode> {
  const plan =
    superseding === undefined || spec.kind === 'Scale'
      ? await sluice.plan(spec, { signal: session.signal })
      : await sluice.planSuperseding(spec, superseding.initiator);
  session.output.result(plan, (look) => planLines(plan, look, { wide: session.output.format === 'wide' }));
  return 0;
}
