import type { ExitCode } from '../../workflows/contract/errors.ts';
import type { Io } from './io.ts';
import type { Format } from './output.ts';
import type { Session } from './session.ts';

/** What runs the actions of the commands: gives them a session, and turns what they throw into output and exit code. */
export interface Host {
  readonly io: Io;
  run(flags: { readonly output?: Format }, act: (session: Session) => Promise<ExitCode | void>): Promise<void>;
}
