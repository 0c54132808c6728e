import type { Kind } from './kind.ts';

export const cloneset: Kind = {
  aliases: ['clone', 'clonesets'],
  none: 'is scaled to 0',
  hold: (name) => `Set updateStrategy.paused of ${name}, its revisionHistoryLimit 10 higher,`,
  births: 'its template',
  opening:
    'Make a headless Service sluice-<UID> of the pods with that label meanwhile: it shows what the endpoint controller knows of them.',
  commit: (name) => `in the template of ${name}`,
  history:
    'Label all its pods with the new ControllerRevision, which `kubectl kruise rollout history` lists after the old one.',
  release: () => 'give it its update strategy and its revisionHistoryLimit back',
  scaling: { first: 'pods that are not ready go before all others' },
  noSurge: 'its controller lets no pod go that has the labels of its selector',
  progress: (on) => `\`kubectl get ${on}\``,
  stuck: () => 'when its template is what it was before',
  replacePods: (on) => `delete the pods of ${on}`,
  free: (on) =>
    `\`kubectl patch ${on} --type merge -p '{"spec":{"updateStrategy":{"paused":false},"revisionHistoryLimit":10}}'\` if it was not paused and that was its limit; its controller then updates the pods of other revisions`,
};
