import type { Handful } from '../../workflows/contract/activities/handful.ts';
import type { PrePulled, PrePullRequest, PullFailure } from '../../workflows/contract/activities/prePull.ts';
import { join } from '../handful.ts';
import { pullPodName } from './pullPod.ts';

/** Answers by pod as answers by node. A pod that somebody deleted is made anew: its node is `later`. */
export function pulledBy(request: PrePullRequest, answers: readonly Handful[]): PrePulled {
  const { done, failed, later, gone } = join(...answers);
  const nodes = new Map(request.nodes.map(({ node }) => [pullPodName(request, node), node]));
  const nodeOf = (pod: string): string => nodes.get(pod) ?? pod;
  return {
    done: done.map(nodeOf),
    failed: failed.map(({ pod, code, reason }): PullFailure => {
      // Whatever else went wrong with the pod says nothing of the image.
      return { node: nodeOf(pod), code: code === 'IMAGE_PULL_FAILED' ? code : 'PRE_PULL_FAILED', reason };
    }),
    later: [...later, ...gone].map(nodeOf),
  };
}
