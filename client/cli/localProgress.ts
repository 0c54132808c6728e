import type { Progress, ReportProgress } from '../../local/types.ts';
import type { Session } from './session.ts';
import { liveOn } from './view/live.ts';
import type { Look } from './view/look.ts';
import { progressLine, stepLines } from './view/progress.ts';

/** Shows what happens during `up` and `down` on stderr: live lines on a terminal, a log elsewhere. */
export function localProgress({ output, io }: Session): { readonly report: ReportProgress; readonly end: () => void } {
  const screen = io.stderr;
  const look = (): Look => output.look(screen);
  if (!screen.isTTY) {
    return {
      report: (progress) => {
        const line = progressLine(progress, look());
        if (line !== undefined) screen.write(`${line}\n`);
      },
      end: () => undefined,
    };
  }
  const live = liveOn(screen);
  const steps = new Map<string, { progress: Progress; since: number }>();
  const draw = (): void => live.draw(stepLines([...steps.values()], look()));
  const timer = setInterval(draw, 120);
  const stopResizing = screen.onResize(live.resized);
  return {
    report(progress) {
      const key =
        progress.kind === 'note'
          ? `note ${progress.text}`
          : progress.kind === 'part'
            ? progress.name
            : progress.names.join();
      steps.set(key, { progress, since: steps.get(key)?.since ?? io.now() });
      draw();
    },
    end() {
      clearInterval(timer);
      stopResizing();
      live.finish(stepLines([...steps.values()], look()));
    },
  };
}
