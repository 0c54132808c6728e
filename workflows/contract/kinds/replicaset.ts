import type { Kind } from './kind.ts';

export const replicaset: Kind = {
  aliases: ['rs', 'replicasets'],
  none: 'is scaled to 0',
  hold: (name) => `Take ${name}`,
  births: 'its template',
  commit: (name) => `in the template of ${name}`,
  history: 'It keeps no history of its own: `sluice history` has the record of the release.',
  release: () => 'leave it to its controller',
  scaling: { first: 'pods that are not ready go before all others' },
  noSurge: 'its controller lets no pod go that has the labels of its selector',
  progress: (on) => `\`kubectl get ${on}\``,
  stuck: () => 'when its template is what it was before',
  replacePods: (on) => `delete the pods of ${on}`,
  free: (on) => `nothing else: the controller of ${on} never changes a pod that lives`,
};
