import type { ErrorCode } from '../../workflows/contract/errors.ts';
import type { KindName } from '../../workflows/contract/kinds.ts';

/** File and title (or its beginning) of a test. */
export type Proof = readonly [file: string, title: string];

export interface Works {
  readonly how: string;
  /** What `kubectl rollout` and the objects say when the release is over. */
  readonly native: string;
  readonly shownBy: readonly Proof[];
}

export interface Refused {
  readonly refused: ErrorCode;
  readonly shownBy: readonly Proof[];
}

const release = 'test/e2e/release.test.ts';
const kinds = 'test/e2e/kinds.test.ts';
const recreate = 'test/e2e/recreate.test.ts';
const resize = 'test/e2e/resize.test.ts';
const surge = 'test/e2e/surge.test.ts';
const reload = 'test/e2e/hotReload.test.ts';
const blueGreen = 'test/e2e/blueGreen.test.ts';
const canary = 'test/e2e/canary.test.ts';
const scale = 'test/kwok/scale/kinds.test.ts';
const hotSwap = 'test/e2e/hotSwap.test.ts';

const clones = 'test/e2e/cloneset.test.ts';
const cloneSet = 'test/kwok/kinds/cloneset.test.ts';
const replicaSet = 'test/kwok/kinds/replicaset.test.ts';

const both = '`rollout status`, `history` with both revisions, `undo`';
/** kubectl has no `rollout` for custom resources. */
const cloned =
  '`kubectl get cloneset`: all updated and ready, `currentRevision` is `updateRevision`; ControllerRevisions of both';
const noHistory = 'the template; it has no history of its own';
const untouched = 'as before: nothing of the workload changes';
const reloaded: Proof = [reload, 'reloads and rolls back, and its revisions are as they were'];
const inPlaceUnderLoad: readonly Proof[] = [
  [kinds, 'scenarios 27, 39, 42: v1 → v2 under load'],
  [kinds, 'a rollback in the middle of a batch under load'],
];
const anewUnderLoad: readonly Proof[] = [
  [recreate, 'an env changes under load: 0 failed requests'],
  [recreate, 'a rollback in the middle of a batch under load'],
];
const resizedOnKwok: readonly Proof[] = [
  ['test/kwok/resize.test.ts', 'change where they are: no pod is made anew, nothing restarts'],
  ['test/kwok/resize.test.ts', 'change together with an image, and go back with it'],
];
const killedAnew: Proof = [
  'test/kwok/kinds/recreated.test.ts',
  'to the new template: each pod is replaced once, and nobody moves when it is given back',
];
const anewOnKwok: Proof = ['test/kwok/kinds/recreate.test.ts', 'to another env; one that dies at the gate is born old'];
const noBlueGreen: Refused = {
  refused: 'MODE_UNSUPPORTED',
  shownBy: [['test/contract/blueGreen/planner.test.ts', 'another kind']],
};
const noSurge: Refused = {
  refused: 'MODE_UNSUPPORTED',
  shownBy: [['test/contract/surge.test.ts', 'is refused on a %s, with the reason']],
};
const noCanary: Refused = {
  refused: 'MODE_UNSUPPORTED',
  shownBy: [['test/contract/canary/planner.test.ts', 'another kind']],
};
const restarted: Works = {
  how: 'containers restart with the image that they run',
  native: both,
  shownBy: [['test/kwok/client/restart.test.ts', 'a restart is a release: plan, gate, batches, history']],
};
const scaled: Works = {
  how: 'chosen pods go, drained first; new ones come in batches',
  native: 'the number; nothing else',
  shownBy: [
    [scale, 'goes down through a Service: exactly the pods of the plan'],
    [scale, 'goes up in batches with a gate, and back from there'],
  ],
};

const swapped: Works = {
  how: 'the new version starts in the empty container of a pair and takes over, then the old one is emptied',
  native: '`rollout status`, `history` with both revisions; `kubectl rollout undo` makes pods anew',
  shownBy: [
    ['test/kwok/kinds/hotSwap.test.ts', 'each pod swaps its roles once and stays; the next version is rolled back'],
  ],
};

const drained: Works = {
  how: 'chosen pods leave traffic and go on running; back when somebody says so, or after a time',
  native: untouched,
  shownBy: [
    ['test/kwok/drain/kinds.test.ts', 'keeps a pod out of its Service until somebody says so'],
    [
      'test/kwok/drain/disturbed.test.ts',
      'a worker killed in the middle of the drain, while pods are out, and on the way back',
    ],
  ],
};

/** Every way to change a workload, for every kind. */
export const ways: Readonly<Record<string, Readonly<Record<KindName, Works | Refused>>>> = {
  'in place': {
    deployment: {
      how: 'containers restart in their pods; the Deployment is paused',
      native: both,
      shownBy: [
        [release, 'scenarios 27, 42: v1 → v2'],
        [release, 'kubectl rollout undo works after the release'],
        [release, 'a rollback in the middle of a batch under load'],
        [release, 'scenario 55: SIGKILL and restart'],
      ],
    },
    statefulset: {
      how: 'containers restart in their pods, the highest ordinal first; `OnDelete` meanwhile',
      native: both,
      shownBy: [...inPlaceUnderLoad, ['test/kwok/kinds/release.test.ts', 'scenario 39: gray is the highest ordinal']],
    },
    daemonset: {
      how: 'containers restart in their pods, by labels of nodes; `OnDelete` meanwhile',
      native: both,
      shownBy: [
        [kinds, 'scenario 42: under load, beside other pods of its Service, there and back'],
        ['test/kwok/kinds/nodes.test.ts', 'scenario 38: a node that is not ready comes last'],
      ],
    },
    replicaset: {
      how: 'containers restart in their pods',
      native: noHistory,
      shownBy: [[replicaSet, 'a ReplicaSet is released in place']],
    },
    cloneset: {
      how: 'containers restart in their pods; `updateStrategy.paused` meanwhile',
      native: cloned,
      shownBy: [
        [clones, 'v1 → v2 under load: 0 failed requests, the same pods, one restart each, all updated for Kruise'],
        [clones, 'a rollback in the middle of a batch under load'],
        [cloneSet, 'gray, gate, batches in place; all updated afterwards; there and back by undo'],
        ['test/kwok/kinds/revised.test.ts', 'killed after any write of its end, it ends the same'],
      ],
    },
  },
  'cpu and memory in place': {
    deployment: {
      how: 'containers get them as they run; the Deployment is paused',
      native: both,
      shownBy: [
        [resize, 'change with no restart, there and back natively: 0 failed requests'],
        [resize, 'a rollback in the middle of a batch under load'],
        [resize, 'more than the node has: fails at the gray pod with what kubelet says'],
        [resize, 'more than the node has left now: is waited for, then fails with what kubelet says'],
        [resize, 'a container whose resizePolicy says so restarts once, drained'],
        ['test/kwok/activities/resize.test.ts', 'resources and an image, the worker killed after each write'],
      ],
    },
    statefulset: {
      how: 'containers get them as they run; `OnDelete` meanwhile',
      native: both,
      shownBy: resizedOnKwok,
    },
    daemonset: {
      how: 'containers get them as they run; `OnDelete` meanwhile',
      native: both,
      shownBy: resizedOnKwok,
    },
    replicaset: {
      how: 'containers get them as they run',
      native: noHistory,
      shownBy: resizedOnKwok,
    },
    cloneset: {
      how: 'containers get them as they run; `updateStrategy.paused` meanwhile',
      native: cloned,
      shownBy: resizedOnKwok,
    },
  },
  Recreate: {
    deployment: {
      how: 'chosen pods are deleted; its ReplicaSet bears new ones only while a batch is in hand',
      native: both,
      shownBy: [
        ...anewUnderLoad,
        ['test/kwok/recreate.test.ts', 'two hundred pods, and the worker is killed twice on the way'],
      ],
    },
    statefulset: {
      how: 'chosen pods are deleted and born under their names; `OnDelete` meanwhile',
      native: both,
      shownBy: [...anewUnderLoad, anewOnKwok, killedAnew],
    },
    daemonset: {
      how: 'chosen pods are deleted and born on their nodes; `OnDelete` meanwhile',
      native: both,
      shownBy: [
        anewOnKwok,
        killedAnew,
        ['test/kwok/kinds/nodes.test.ts', 'made anew: the pod of a node that does not report'],
      ],
    },
    replicaset: {
      how: 'chosen pods are deleted and others born; its template is the new one only while a batch is in hand',
      native: noHistory,
      shownBy: [anewOnKwok, killedAnew, [replicaSet, 'made anew: somebody else’s template stops it']],
    },
    cloneset: {
      how: 'chosen pods are deleted and others born; `updateStrategy.paused` meanwhile',
      native: cloned,
      shownBy: [
        [clones, 'another env under load: pods are made anew, chosen ones, 0 failed requests'],
        anewOnKwok,
        killedAnew,
      ],
    },
  },
  'Recreate with maxSurge': {
    deployment: {
      how: 'new pods are born beside chosen old ones, which go when those serve',
      native: both,
      shownBy: [
        [surge, 'an env changes: 0 failed requests, never fewer endpoints than before'],
        [surge, 'a rollback in the middle of a batch: 0 failed requests, never fewer endpoints'],
        ['test/kwok/surge.test.ts', 'a hundred pods, the worker killed twice on the way'],
        ['test/kwok/activities/surge.test.ts', 'as many pods as before are ready at every moment'],
      ],
    },
    statefulset: noSurge,
    daemonset: noSurge,
    replicaset: noSurge,
    cloneset: noSurge,
  },
  BlueGreen: {
    deployment: {
      how: 'all new pods beside the old, Services switched, the new ReplicaSet adopted',
      native: both,
      shownBy: [
        [blueGreen, 'switches under load: 0 failed requests'],
        [blueGreen, 'back in one step after the switch, under load'],
        [
          'test/kwok/blueGreen.test.ts',
          'before the switch it is handed over, taken back, and gives way to a newer version',
        ],
        ['test/kwok/blueGreenAutoscaler.test.ts', 'goes on by an average: old and new pods follow it'],
      ],
    },
    statefulset: noBlueGreen,
    daemonset: noBlueGreen,
    replicaset: noBlueGreen,
    cloneset: noBlueGreen,
  },
  Canary: {
    deployment: {
      how: 'new pods beside the old in steps, callers split by numbers or by a route, the new ReplicaSet adopted',
      native: both,
      shownBy: [
        [canary, '$kind: by header or cookie, then by weight, under load: 0 failed requests'],
        [canary, 'a rollback from a step, behind a route and without one, under load'],
        [canary, 'a newer version takes its place in the middle of the weights, under load'],
        ['test/kwok/activities/canary.test.ts', 'the worker killed after each write: no weight without endpoints'],
        [
          'test/kwok/canary.test.ts',
          'a newer version takes its place, wherever the worker dies: nobody is sent to nobody',
        ],
        ['test/kwok/canary.test.ts', 'handed over nobody is sent to new pods; taken back it begins at its first step'],
      ],
    },
    statefulset: noCanary,
    daemonset: noCanary,
    replicaset: noCanary,
    cloneset: noCanary,
  },
  HotReload: {
    deployment: {
      how: 'a command or a signal in its containers; nothing restarts',
      native: untouched,
      shownBy: [
        [reload, 'a command under load: 0 failed requests'],
        [reload, 'a rollback in the middle of a batch under load: the undo runs'],
        ['test/e2e/reloadFiles.test.ts', 'are put there and loaded under load'],
        ['test/e2e/fetcher.test.ts', 'a sidecar that fell back is found and done again, under load'],
      ],
    },
    statefulset: {
      how: 'a command or a signal in its containers; nothing restarts',
      native: untouched,
      shownBy: [reloaded],
    },
    daemonset: {
      how: 'a command or a signal in its containers; nothing restarts',
      native: untouched,
      shownBy: [reloaded],
    },
    replicaset: {
      how: 'a command or a signal in its containers; nothing restarts',
      native: untouched,
      shownBy: [reloaded],
    },
    cloneset: {
      how: 'a command or a signal in its containers; nothing restarts',
      native: untouched,
      shownBy: [reloaded],
    },
  },
  HotSwap: {
    deployment: {
      ...swapped,
      shownBy: [
        [hotSwap, 'v1 → v2 → v3: each connection lives through both swaps'],
        [hotSwap, 'one that crashes is taken out, the old one never noticed'],
        ['test/kwok/hotSwap.test.ts', 'a rollback from a gate and from between the two writes'],
        ['test/kwok/hotSwap.test.ts', 'its worker is killed after each of the two writes'],
        ['test/kwok/hotSwap.test.ts', 'its worker is killed after each write of a rollback from between the two'],
        ['test/kwok/hotSwap.test.ts', 'a newer version between two groups: connections go back first'],
        ['test/kwok/hotSwap.test.ts', 'in the hands of an operator at the gate'],
      ],
    },
    statefulset: swapped,
    daemonset: swapped,
    replicaset: { ...swapped, native: noHistory },
    cloneset: { ...swapped, native: cloned },
  },
  'sluice restart': {
    deployment: {
      ...restarted,
      shownBy: [
        ...restarted.shownBy,
        ['test/e2e/restart.test.ts', 'a restart: the same pods run the same image anew'],
        ['test/e2e/restartLifecycle.test.ts', 'preStop runs once in each pod, after it has left its Service'],
      ],
    },
    statefulset: restarted,
    daemonset: restarted,
    replicaset: {
      ...restarted,
      native: noHistory,
      shownBy: [[replicaSet, 'a restart: the same pods run the same image anew']],
    },
    cloneset: { ...restarted, native: cloned },
  },
  'sluice scale': {
    deployment: {
      ...scaled,
      shownBy: [...scaled.shownBy, ['test/e2e/scale.test.ts', 'a rollback in the middle of a drain under load']],
    },
    statefulset: { ...scaled, how: 'the highest ordinals go, drained first; new ones come in batches' },
    daemonset: {
      refused: 'WORKLOAD_UNFIT',
      shownBy: [['test/kwok/kinds/nodes.test.ts', 'cannot be scaled: refused at the plan']],
    },
    replicaset: scaled,
    cloneset: scaled,
  },
  'sluice drain': {
    deployment: drained,
    statefulset: { ...drained, shownBy: drained.shownBy.slice(0, 1) },
    daemonset: { ...drained, shownBy: drained.shownBy.slice(0, 1) },
    replicaset: { ...drained, shownBy: drained.shownBy.slice(0, 1) },
    cloneset: { ...drained, shownBy: drained.shownBy.slice(0, 1) },
  },
};
