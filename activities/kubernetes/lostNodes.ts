import { isNodeReady } from '../observe/observedPod.ts';
import { nodes } from './resources.ts';
import type { Connection } from './types.ts';

/** How old an answer about a node may be, in ms. */
export const freshMs = 10_000;

/** Which nodes do not report to the API server. Asked only about nodes on which something takes long, or fails. */
export interface LostNodes {
  /** Whether the newest answer says that it is lost, or there is no such node; undefined before the first. Asks in the background. */
  isLost(node: string): boolean | undefined;
}

/** For one activity: the questions end with the signal of `kube`. */
export function lostNodes(kube: Connection): LostNodes {
  const known = new Map<string, { readonly at: number; readonly lost: boolean | undefined }>();
  const ask = async (node: string): Promise<void> => {
    known.set(node, { at: Date.now(), lost: known.get(node)?.lost });
    try {
      const found = await kube.find(nodes, { name: node });
      known.set(node, { at: Date.now(), lost: found === undefined || !isNodeReady(found) });
    } catch {
      // An API server that cannot say is no reason to give a node up.
      known.set(node, { at: Date.now(), lost: false });
    }
  };
  return {
    isLost(node) {
      const answer = known.get(node);
      if (answer === undefined || Date.now() - answer.at >= freshMs) void ask(node);
      return answer?.lost;
    },
  };
}
