import { revisionLabel, templateOf } from './controllerRevisions.ts';
import { daemonSets } from './resources.ts';
import type { SetKind } from './sets/kind.ts';
import { onDelete } from './sets/standstill.ts';
import { createSet } from './sets/workload.ts';
import { sameTemplate } from './templates.ts';
import type { DaemonSet } from './wire.ts';

const kind: SetKind<DaemonSet> = {
  name: 'daemonset',
  owner: 'DaemonSet',
  resource: daemonSets,
  standstill: onDelete,
  /** One for each node that it is for and that takes pods: a lost one keeps its pod, and does not count. */
  replicas: ({ status }) => status?.desiredNumberScheduled ?? 0,
  /** Its status does not name it. One that is of the same template, but was written by an older controller, is older. */
  newest: ({ spec }, revisions) =>
    revisions.findLast((revision) => sameTemplate(templateOf(revision), spec.template))?.metadata.name,
  labelOf: (name, revisions) =>
    revisions.find(({ metadata }) => metadata.name === name)?.metadata.labels?.[revisionLabel] ?? '',
  /** Pods on nodes that it is not for any more are left alone by its controller, and counted apart, whatever their label. */
  counted: ({ status: { updatedNumberScheduled: least = 0, numberMisscheduled: apart = 0 } = {} }) => ({
    least,
    most: least + apart,
  }),
  /** Its controller deletes by what it counts, live ones included; a release makes four at most, an undo as many. */
  room: 10,
  place: 'node',
};

/** DaemonSets, in place. */
export const createDaemonSet = createSet(kind);
