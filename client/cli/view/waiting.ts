import { isOver, type ReleaseStatus, type Said } from '../../../workflows/contract/status.ts';
import type { Retrying } from '../../sdk/retrying.ts';
import { type CommandDefaults, commandFor } from './commands.ts';
import type { Look } from './look.ts';
import { fit, harmless, wrap } from './text.ts';
import { clock, since, until } from './time.ts';

/** What the release waits for, who has said what, and the commands that decide it, ready to be copied. */
export function waitingLines(status: ReleaseStatus, look: Look, defaults: CommandDefaults): string[] {
  const { waiting, paused, phase } = status;
  if (isOver(phase)) return [];
  const { colours, glyphs, now, width } = look;
  const command = (verb: string, ...more: string[]): string =>
    `   ${colours.bold(commandFor(verb, status.target, defaults, ...more))}`;
  const dot = colours.dim(` ${glyphs.dot} `);
  const title = (name: string, ...facts: string[]): string =>
    fit(` ${colours.yellow(colours.bold(name))}  ${facts.join(dot)}`, width);
  if (waiting === undefined) return [];
  const open = `for ${since(waiting.since, now)}`;
  switch (waiting.for) {
    case 'approval': {
      if (status.drain === true) return [title('Out of traffic', open), '', command('restore')];
      const { have = [], required = 1, from = [] } = waiting.approvals ?? {};
      const who = from.length === 0 ? 'anyone may approve' : `from ${from.join(', ')}`;
      const late = waiting.until === undefined ? [] : [`expires in ${until(waiting.until, now)}`];
      return [
        title(`Gate ${waiting.gate ?? ''}`, `${have.length} of ${required} approvals`, who, ...late, `open ${open}`),
        ...have.map((said) => saidLine(said, look)),
        '',
        command('approve'),
        command('reject', '--reason "…"'),
      ];
    }
    case 'bake': {
      const left = waiting.until === undefined ? '' : `${until(waiting.until, now)} left`;
      if (status.drain === true) return [title('Out of traffic', open, left), '', command('restore')];
      const ends = waiting.early === true ? ['', command('approve'), command('rollback', '--reason "…"')] : [];
      return [title(`Gate ${waiting.gate ?? ''}`, `bakes ${open}`, left), ...ends];
    }
    case 'resume':
      return [
        title('Paused', ...(paused === undefined ? [] : [`by ${paused.by}`, ...reasonOf(paused)]), open),
        '',
        command('resume'),
        command('rollback', '--reason "…"'),
      ];
    case 'hold':
      return [
        title(waiting.gate === undefined ? 'Held after a failure' : `Held at ${waiting.gate}: undecided`, open),
        '',
        command('resume'),
        ...(waiting.gate === undefined ? [] : [command('approve')]),
        command('rollback', '--reason "…"'),
      ];
    case 'operator':
      return [
        title(`In the hands of ${status.operator?.by ?? 'an operator'}`, ...reasonOf(status.operator), open),
        '',
        command('take-back'),
        command('adopt'),
        command('rollback', '--reason "…"'),
      ];
    case 'budget':
      return [
        title('Waits', open),
        ...wrap(waiting.text ?? '', Math.max(30, width - 4)).map((line) => `   ${line}`),
        '',
        command('rollback', '--reason "…"'),
      ];
  }
}

const reasonOf = (said: Pick<Said, 'reason'> | undefined): string[] =>
  said?.reason === undefined ? [] : [said.reason];

function saidLine({ by, at, reason, verified }: Said, { colours, glyphs, width }: Look): string {
  const mark = verified ? '' : colours.dim(' (unverified)');
  return fit(
    `   ${colours.green(glyphs.ok)} ${by}${mark}  ${colours.dim(clock(at))}  ${reason ?? ''}`.trimEnd(),
    width,
  );
}

/** Steps that fail and are tried again: why nothing seems to happen. */
export function retryingLines(retrying: readonly Retrying[], { colours, glyphs, width }: Look): string[] {
  return retrying.flatMap(({ step, attempt, reason }) =>
    wrap(`${step} fails and is tried again (try ${attempt}): ${harmless(reason)}`, Math.max(30, width - 4)).map(
      (line, index) => ` ${colours.yellow(index === 0 ? glyphs.warn : ' ')} ${line}`,
    ),
  );
}

/** Why it failed, what could not be undone, and what to do about it. */
export function failureLines({ failure, notUndone, phase }: ReleaseStatus, { colours, glyphs, width }: Look): string[] {
  const room = Math.max(30, width - 4);
  const block = (head: string, text: string, next: string): string[] => [
    ` ${colours.red(glyphs.bad)} ${colours.red(colours.bold(head))}`,
    ...wrap(text, room).map((line) => `   ${line}`),
    ...wrap(`${glyphs.arrow} ${next}`, room).map((line) => `   ${colours.dim(line)}`),
  ];
  return [
    ...(failure === undefined || phase === 'succeeded' ? [] : block(failure.code, failure.text, failure.next)),
    ...notUndone.flatMap((left) => ['', ...block(`not undone: ${left.code}`, left.text, left.next)]),
  ];
}
