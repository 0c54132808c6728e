import type { Kind } from './kind.ts';

export const statefulset: Kind = {
  aliases: ['sts', 'statefulsets'],
  none: 'is scaled to 0',
  hold: (name) => `Set the update strategy of ${name} to OnDelete`,
  births: 'its template',
  commit: (name) => `in the template of ${name}`,
  history:
    'Label all its pods with the new ControllerRevision, which `kubectl rollout history` lists after the old one.',
  release: () => 'give it its update strategy back',
  scaling: { first: 'the highest ordinals go first' },
  noSurge: 'a pod is born under the name of the one that is gone',
  progress: (on) => `\`kubectl rollout status ${on}\``,
  stuck: (on) => `with \`kubectl rollout undo ${on}\``,
  replacePods: (on) => `let \`kubectl rollout restart ${on}\` replace the pods`,
  free: (on) =>
    `\`kubectl patch ${on} -p '{"spec":{"updateStrategy":{"type":"RollingUpdate"}}}'\` if that was its update strategy; its controller then replaces the pods of other revisions`,
};
