import type { Kind } from './kind.ts';

export const daemonset: Kind = {
  aliases: ['ds', 'daemonsets'],
  none: 'is for no node that there is',
  hold: (name) => `Set the update strategy of ${name} to OnDelete, its revisionHistoryLimit 10 higher,`,
  births: 'its template',
  commit: (name) => `in the template of ${name}`,
  history:
    'Label all its pods with the new ControllerRevision, which `kubectl rollout history` lists after the old one.',
  release: () => 'give it its update strategy and its revisionHistoryLimit back',
  scaling: { refused: 'it has a pod on each node that it is for; label or taint nodes instead.' },
  noSurge: 'there is one pod on each node',
  progress: (on) => `\`kubectl rollout status ${on}\``,
  stuck: (on) => `with \`kubectl rollout undo ${on}\``,
  replacePods: (on) => `let \`kubectl rollout restart ${on}\` replace the pods`,
  free: (on) =>
    `\`kubectl patch ${on} -p '{"spec":{"updateStrategy":{"type":"RollingUpdate"},"revisionHistoryLimit":10}}'\` if those were its update strategy and limit; its controller then replaces the pods of other revisions`,
};
