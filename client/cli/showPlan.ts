import type { AnySpec } from '../../workflows/contract/documents.ts';
import type { ExitCode } from '../../workflows/contract/errors.ts';
import type { Sluice } from '../sdk/client.ts';
import type { Session } from './session.ts';
import { planLines } from './view/plan.ts';

/** What `sluice plan` and every `--dry-run` show; touches nothing. `superseding`: in the place of the release that runs. */
export async function showPlan(
  session: Session,
  sluice: Sluice,
  spec: AnySpec,
  superseding?: { readonly initiator: string },
): Promise<ExitCode> {
  const plan =
    superseding === undefined || spec.kind !== 'Release'
      ? await sluice.plan(spec, { signal: session.signal })
      : await sluice.planSuperseding(spec, superseding.initiator);
  session.output.result(plan, (look) => planLines(plan, look, { wide: session.output.format === 'wide' }));
  return 0;
}
