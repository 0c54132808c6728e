import type { Kind } from './kind.ts';

export const deployment: Kind = {
  aliases: ['deploy', 'deployments'],
  none: 'is scaled to 0',
  hold: (name) => `Pause ${name}`,
  births: 'the template of its ReplicaSet',
  commit: (name) => `in the template of ${name}, then in that of its ReplicaSet`,
  history: 'Keep the old version as a ReplicaSet of 0 pods, for `kubectl rollout undo`.',
  release: (paused) => (paused ? 'leave it paused, as it was' : 'resume it'),
  scaling: { first: 'pods that are not ready go before all others' },
  progress: (on) => `\`kubectl rollout status ${on}\``,
  stuck: (on) => `with \`kubectl rollout undo ${on}\``,
  replacePods: (on) => `let \`kubectl rollout restart ${on}\` replace the pods`,
  free: (on) => `\`kubectl rollout resume ${on}\` if it was not paused before`,
};
