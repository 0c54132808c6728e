import { SluiceError } from '../../workflows/contract/errors.ts';
import type { Target } from '../../workflows/contract/names.ts';
import { parseWorkload } from '../sdk/target.ts';
import type { TargetFlags } from './options.ts';
import { type ConnectionFlags, type Session, withSluice } from './session.ts';
import { commandFor } from './view/commands.ts';

/**
 * The workload that a command names, with the defaults of the session; judged before anything is connected.
 * @throws USAGE; where none is named, with the running releases as commands to choose from
 */
export async function namedTarget(
  session: Session,
  verb: string,
  words: readonly string[],
  flags: TargetFlags & ConnectionFlags,
): Promise<Target> {
  const { defaults } = session;
  if (words.length > 0) return parseWorkload(words, flags.namespace ?? 'default', flags.cluster ?? defaults.cluster);
  const running = await withSluice(session, flags, (sluice) => sluice.list({ running: true, limit: 5 }));
  const commands = running.map(({ target }) => commandFor(verb, target, defaults));
  throw new SluiceError('USAGE', 'No workload is named.', {
    next:
      commands.length === 0
        ? `Name it as kubectl does: \`sluice ${verb} deployment/checkout -n shop\`. No release is running now.`
        : `Running now:\n${commands.join('\n')}`,
    details: { running: running.map(({ id }) => id) },
  });
}
