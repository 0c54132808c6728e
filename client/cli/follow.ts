import type { ExitCode } from '../../workflows/contract/errors.ts';
import { errors, SluiceError } from '../../workflows/contract/errors.ts';
import { type Target, workloadName } from '../../workflows/contract/names.ts';
import { humanDuration } from '../../workflows/contract/quantity.ts';
import { isOver, type ReleaseStatus } from '../../workflows/contract/status.ts';
import type { Sluice } from '../sdk/client.ts';
import type { WaitFlags } from './options.ts';
import { Interrupted, type Session } from './session.ts';
import { changeLines } from './view/changes.ts';
import { commandFor } from './view/commands.ts';
import { liveOn } from './view/live.ts';
import { statusLines } from './view/status.ts';

/** Whether any of the flags asks to stay until the end. */
export const staysUntilEnd = ({ wait, watch, timeout }: WaitFlags): boolean =>
  wait === true || watch === true || timeout !== undefined;

export interface FollowOptions extends WaitFlags {
  /** First run id, where it is known: a later release of the same workload is another one. */
  readonly run?: string;
  /** Where it is enough that it comes so far. Default: its end. */
  readonly until?: ((status: ReleaseStatus) => boolean) | undefined;
  /** Told every status that is shown. */
  readonly onStatus?: (status: ReleaseStatus) => void;
  /** Told when a person presses Enter. */
  readonly onEnter?: () => void;
  /** Hint below the live view. */
  readonly footer?: (status: ReleaseStatus) => string;
}

/** What shows a release while it is followed. */
interface View {
  show(status: ReleaseStatus): void;
  trouble(error: SluiceError | undefined): void;
  end(status: ReleaseStatus | undefined): void;
}

/**
 * Stays with a release until it has ended, with a live view on a terminal and a log elsewhere, and returns the last status.
 * @throws WAIT_TIMEOUT; Interrupted after Ctrl-C, which leaves the release running and says so
 */
export async function follow(
  session: Session,
  sluice: Sluice,
  target: Target,
  options: FollowOptions,
): Promise<ReleaseStatus> {
  const { run, onStatus } = options;
  const timeout = options.timeout === undefined ? undefined : AbortSignal.timeout(options.timeout);
  const signal = timeout === undefined ? session.signal : AbortSignal.any([session.signal, timeout]);
  const isLive = options.watch === true && session.output.progressScreen.isTTY;
  const view = isLive ? liveView(session, options) : logView(session, options.watch === true);
  let last: ReleaseStatus | undefined;
  try {
    const onTrouble = (error: SluiceError | undefined): void => view.trouble(error);
    for await (const status of sluice.watch(target, { signal, onTrouble, run })) {
      last = status;
      view.show(status);
      onStatus?.(status);
      if (options.until?.(status) === true) return status;
    }
  } finally {
    view.end(last);
  }
  if (session.signal.aborted) throw leave(session, target);
  if (last !== undefined && isOver(last.phase)) return last;
  if (timeout?.aborted === true) throw timedOut(options.timeout ?? 0, target, session, last);
  throw new SluiceError('RELEASE_NOT_FOUND', `Another release of ${workloadName(target)} has begun meanwhile.`);
}

/** The exit code of a release that has ended: one that never began tells why, one that came back failed. */
export function exitOf(status: ReleaseStatus): ExitCode {
  if (status.phase === 'succeeded') return 0;
  const touched =
    status.plan !== undefined && status.batches.some(({ pods }) => pods.some(({ state }) => state !== 'queued'));
  if (!touched && status.phase === 'failed' && status.failure !== undefined) return errors[status.failure.code].exit;
  return isOver(status.phase) ? 4 : 0;
}

/** Redraws four times a second, so that times run and the spinner turns. */
function liveView(session: Session, { onEnter, footer }: FollowOptions): View {
  const screen = session.output.progressScreen;
  const live = liveOn(screen);
  let current: ReleaseStatus | undefined;
  let problem: SluiceError | undefined;
  const frame = (status: ReleaseStatus, over: boolean): string[] => {
    const { rows } = screen.size();
    const hint =
      problem === undefined
        ? (footer?.(status) ?? 'Ctrl-C leaves; the release goes on.')
        : `Trying again: ${problem.message}`;
    const look = {
      ...session.output.look(screen),
      height: rows - 2,
      ...(!over && { frame: Math.floor(session.io.now() / 250) }),
    };
    return ['', ...statusLines(status, look, { ...session.defaults, ...(!over && { footer: hint }) })];
  };
  const draw = (): void => {
    if (current !== undefined) live.draw(frame(current, false));
  };
  const timer = setInterval(draw, 250);
  const stopReading =
    onEnter &&
    session.io.onLine?.(() => {
      live.typed();
      onEnter();
    });
  const stopResizing = screen.onResize(() => {
    live.resized();
    draw();
  });
  return {
    show(status) {
      current = status;
      draw();
    },
    trouble(error) {
      problem = error;
      draw();
    },
    end(status) {
      clearInterval(timer);
      stopResizing();
      stopReading?.();
      if (status !== undefined) live.finish(frame(status, true));
    },
  };
}

/** One line for each thing that happens: for pipes, files and CI. With --watch it is the result itself. */
function logView(session: Session, isResult: boolean): View {
  const screen = isResult ? session.output.progressScreen : session.io.stderr;
  let before: ReleaseStatus | undefined;
  const write = (lines: readonly string[]): void => {
    // Who waits for a document wants that, and silence.
    if (session.output.structured && !isResult) return;
    for (const line of lines) screen.write(`${line}\n`);
  };
  return {
    show(status) {
      write(changeLines(before, status, session.output.look(screen)));
      before = status;
    },
    trouble: (error) => write([error === undefined ? 'Connected again.' : `Trying again: ${error.message}`]),
    end: () => undefined,
  };
}

function leave({ output, defaults }: Session, target: Target): Interrupted {
  output.note(({ colours, glyphs }) => [
    '',
    `${colours.yellow(glyphs.warn)} Left. The release of ${workloadName(target)} goes on without this terminal.`,
    `  see it again   ${commandFor('status', target, defaults, '--watch')}`,
    `  undo it        ${commandFor('rollback', target, defaults)}`,
  ]);
  return new Interrupted('interrupted');
}

function timedOut(ms: number, target: Target, { defaults }: Session, last: ReleaseStatus | undefined): SluiceError {
  const where = last === undefined ? '' : ` It is in phase ${last.phase}: ${last.text}`;
  return new SluiceError('WAIT_TIMEOUT', `The release has not ended within ${humanDuration(ms)}; it goes on.${where}`, {
    next: `Wait again with \`${commandFor('status', target, defaults, '--wait')}\`.`,
    details: { phase: last?.phase },
  });
}
