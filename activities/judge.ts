import type { HandfulPod, HandfulRequest, PodNote } from '../workflows/contract/activities/handful.ts';
import { goalOf } from './hotSwap/goal.ts';
import { judgeSwap } from './hotSwap/judgeSwap.ts';
import { type Judgement, judgePod } from './kubernetes/judgePod.ts';
import { freshMs, lostNodes } from './kubernetes/lostNodes.ts';
import type { Connection } from './kubernetes/types.ts';
import type { Pod } from './kubernetes/wire.ts';
import { judgeReload } from './reload/judgeReload.ts';

/** Judges the pods of one call of `wait`. */
export interface Judge {
  readonly judge: (asked: HandfulPod, pod: Pod, now: number) => Judgement;
  /** What people must know of those that were given up without having failed. */
  readonly notes: () => readonly PodNote[];
}

/** How soon the answer about a node is looked for. */
const answerMs = 100;

/** By the pod itself; and where it takes long or has failed, by its node: a lost one does nothing that is asked of it. */
export function createJudge(request: HandfulRequest, kube: Connection): Judge {
  const { holder, resources, reload, hotSwap, minReadyMs, readyTimeoutMs, undo, turn } = request;
  const partial = turn?.last === false;
  const ownGates = request.traffic.through.flatMap((source) =>
    'readinessGate' in source ? [source.readinessGate] : [],
  );
  const nodes = lostNodes(kube);
  const notes = new Map<string, PodNote>();
  return {
    judge(asked, pod, now) {
      const { name, since, wasReady, images = request.images } = asked;
      const wanted = { minReadyMs, readyTimeoutMs, undo, since, wasReady, ownGates };
      const step = turn?.step;
      const judged =
        reload !== undefined
          ? judgeReload(pod, { ...wanted, reload, holder }, now)
          : hotSwap !== undefined && step !== undefined
            ? judgeSwap(pod, { ...wanted, swap: hotSwap, step, goal: goalOf({ ...asked, pod }, request, hotSwap) }, now)
            : judgePod(pod, { ...wanted, images, ...(resources && { resources }), partial }, now);
      if (judged.is !== 'waiting' && judged.is !== 'failed') return judged;
      const longAt = Date.parse(since) + freshMs;
      if (judged.is === 'waiting' && now < longAt) return { is: 'waiting', again: Math.min(judged.again, longAt) };
      const node = pod.spec.nodeName ?? '';
      const isLost = nodes.isLost(node);
      if (isLost === undefined) return { is: 'waiting', again: now + answerMs };
      if (isLost) {
        notes.set(name, { pod: name, text: lostText(node) });
        return { is: 'gone' };
      }
      return judged.is === 'failed' ? judged : { is: 'waiting', again: Math.min(judged.again, now + freshMs) };
    },
    notes: () => [...notes.values()],
  };
}

const lostText = (node: string): string =>
  `Its node ${node} does not report: it has its image set, and is not waited for. If it is replaced, its successor comes along.`;
