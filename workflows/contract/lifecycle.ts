import type { Phase } from './status.ts';

/** One phase of a release: what happens in it, and where it goes from there, with the reason. */
export interface PhaseRow {
  readonly does: string;
  readonly waitsFor: string;
  readonly next: Readonly<Partial<Record<Phase, string>>>;
}

const superseded = { superseded: 'a newer version takes its place' } as const;
const manual = { manual: 'handed over to an operator' } as const;
const stopped = {
  rollingBack: 'failed, rejected, or rollback asked for',
  held: 'somebody has to decide',
  ...manual,
  ...superseded,
} as const;
/** Of a release that took over what another one had begun. */
const takenOver = { rollingBack: 'it took the place of another release, and failed, or rollback asked for' } as const;

/**
 * The life of a release. docs/release.md is made from it, and the tests hold every release that they run against it.
 */
export const lifecycle: Readonly<Record<Phase, PhaseRow>> = {
  planning: {
    does: 'Checks the spec, looks at the cluster, the image and the permissions, and makes the plan. Touches nothing.',
    waitsFor: 'nothing; `resume` where it was paused at once',
    next: {
      pulling: 'the plan is made',
      acquiring: 'the plan is made, and there is nothing to pull',
      failed: 'it is refused',
      rolledBack: 'rollback asked for',
      ...takenOver,
      ...superseded,
      ...manual,
    },
  },
  pulling: {
    does: 'Pulls the new images on the nodes that are not known to have them. Touches nothing of the workload.',
    waitsFor: 'the nodes; `resume`',
    next: {
      acquiring: 'the nodes have them',
      failed: 'they cannot be had',
      rolledBack: 'rollback asked for',
      ...takenOver,
      ...superseded,
      ...manual,
    },
  },
  acquiring: {
    does: 'Pauses the workload, leaves its mark on it, and prepares the way out of traffic.',
    waitsFor: 'the servers',
    next: {
      batch: 'ready',
      committing: 'no pod is left to change',
      ...stopped,
      gate: 'taken back at a gate',
      planning: 'taken back where nothing is touched: it begins anew',
      succeeded: 'taken back, and the operator has brought every pod to the new version',
    },
  },
  batch: {
    does: 'One group of pods, gray first: drain → silence → patch → ready → checks → back into traffic. Before it, a look whether the workload is as planned.',
    waitsFor: 'the pods; `resume`; others to be in service again',
    next: { gate: 'its pods are upgraded', committing: 'every pod has the new version', ...stopped },
  },
  gate: {
    does: 'Bakes, checks the whole workload, asks for approval.',
    waitsFor: 'a timer, people',
    next: { batch: 'open', committing: 'open, and no pod is left', ...stopped },
  },
  held: {
    does: 'Stands still after a failure with `onFailure: Hold`, because a check at the gate cannot be decided, or because somebody else changed the workload. Touches nothing.',
    waitsFor:
      '`resume`, `rollback`; over a check that cannot be decided also `approve`, over a change by somebody else `take-over` or `adopt`',
    next: {
      acquiring: 'resume',
      batch: 'resume, or take-over',
      gate: 'resume',
      committing: 'resume, or take-over',
      rollingBack: 'rollback',
      ...superseded,
      ...manual,
      planning: 'take-over of what an operator has made: planned anew from there',
      handedOver: 'adopt',
      failed: 'adopt, and something of ours could not be taken away',
    },
  },
  manual: {
    does: 'The workload is in the hands of an operator: every pod is in traffic, nothing of ours is on the workload, and its own controller acts on it. Touches nothing.',
    waitsFor: '`take-back`; `adopt` ends the release with what is there; `rollback`',
    next: {
      acquiring: 'take-back',
      planning: 'take-back, and nothing had been touched before the hand-over',
      rollingBack: 'rollback',
      rolledBack: 'rollback asked for, and nothing is touched',
      handedOver: 'adopt',
      failed: 'adopt, and something of ours could not be taken away',
      held: 'something of ours could not be given up',
    },
  },
  committing: {
    does: 'Makes the new version the workload’s own template, with native history, takes everything of ours away, and gives the workload back.',
    waitsFor: 'the servers',
    next: { succeeded: 'done', rollingBack: stopped.rollingBack, held: stopped.held },
  },
  rollingBack: {
    does: 'Undoes in reverse order what was done. A step that fails does not stop the rest.',
    waitsFor: 'the pods and the servers; it cannot be paused',
    next: { rolledBack: 'all is undone', failed: 'something is not undone, and is named' },
  },
  succeeded: { does: 'The end: every pod has the new version.', waitsFor: '', next: {} },
  rolledBack: { does: 'The end: everything is as it was.', waitsFor: '', next: {} },
  handedOver: {
    does: 'The end: somebody else’s change of the workload was adopted, and its own controller rolls that out.',
    waitsFor: '',
    next: {},
  },
  superseded: {
    does: 'The end: a release of a newer version took its place, and holds the workload from there on.',
    waitsFor: '',
    next: {},
  },
  failed: {
    does: 'The end: it never began, the workload was deleted, or something is not undone. Somebody has to look.',
    waitsFor: '',
    next: {},
  },
};
