import { Argument, type Command } from 'commander';
import { workloadName } from '../../../workflows/contract/names.ts';
import type { Sluice } from '../../sdk/client.ts';
import { type Candidate, candidatesFor } from '../completion/candidates.ts';
import { completionScripts, type Shell, shells } from '../completion/scripts.ts';
import type { Host } from '../host.ts';
import { type Session, withSluice } from '../session.ts';

/** Who presses Tab waits no longer than this for the server, in ms. */
const patienceMs = 1_500;

/** `source <(sluice completion bash)` */
export function registerCompletion(program: Command, host: Host): void {
  program
    .command('completion')
    .description('print what your shell needs to complete sluice: source <(sluice completion bash)')
    .addArgument(new Argument('<shell>', 'which shell').choices(shells))
    .action((shell: Shell) => {
      host.io.stdout.write(completionScripts[shell]);
    });

  program
    .command('__complete [words...]', { hidden: true })
    .description('what fits at the cursor; for the shells')
    .action((words: string[]) =>
      host.run({}, async (session) => {
        const { candidates, workload } = candidatesFor(program, words);
        const running = workload ? await runningWorkloads(session, words.at(-1) ?? '') : [];
        for (const { value, description } of [...running, ...candidates])
          host.io.stdout.write(`${value}\t${description}\n`);
      }),
    );
}

/** Workloads with a release under way. None where no server answers: Tab is no place for errors. */
async function runningWorkloads(session: Session, current: string): Promise<readonly Candidate[]> {
  try {
    const list = (sluice: Sluice) => sluice.list({ running: true, limit: 50 });
    const releases = await withSluice(session, {}, list, patienceMs);
    return releases
      .map(({ target, phase }) => ({ value: workloadName(target), description: `-n ${target.namespace}: ${phase}` }))
      .filter(({ value }) => value.startsWith(current));
  } catch {
    return [];
  }
}
