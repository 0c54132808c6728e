import type { ClusterActivities } from '../workflows/contract/activities.ts';
import { arrivedActivity } from './arrived.ts';
import { blueGreenActivities } from './blueGreen/index.ts';
import { canaryActivities } from './canary/index.ts';
import { checkActivity } from './check.ts';
import { commitActivities } from './commit.ts';
import { keepOutActivity } from './drain/keepOut.ts';
import { historyActivities } from './history.ts';
import { holdActivities } from './hold.ts';
import { createAdmission } from './kubernetes/admission.ts';
import { PodWatches } from './kubernetes/podWatches.ts';
import type { Connection } from './kubernetes/types.ts';
import { notifyActivity } from './notify.ts';
import { planActivity } from './plan.ts';
import type { Factories } from './ports.ts';
import { prePullActivities } from './prePull.ts';
import { prepareActivity } from './prepare.ts';
import { recreateActivities } from './recreate.ts';
import { numberActivities } from './scale/number.ts';
import { pickActivity } from './scale/pick.ts';
import { scalerActivities } from './scale/scalers.ts';
import type { Shared } from './scope.ts';
import { stageActivities } from './stages.ts';
import { surveyActivity } from './survey.ts';
import { trafficActivity } from './traffic.ts';

export interface ActivityDeps {
  /** Name of the cluster, as specs call it. */
  readonly cluster: string;
  /** The worker's connection to it; not closed here. */
  readonly kube: Connection;
  readonly factories: Factories;
}

export interface Activities {
  readonly activities: ClusterActivities;
  /** Milliseconds since each shared watch heard anything, by `namespace?selector`: for metrics. */
  readonly watchSilences: () => ReadonlyMap<string, number>;
  /** Ends the watches. */
  readonly close: () => void;
}

/** The activities of one cluster, for a worker on its task queue. */
export function createActivities({ cluster, kube, factories }: ActivityDeps): Activities {
  const watches = new PodWatches(kube);
  const shared: Shared = { cluster, kube, watches, selectors: new Map(), admission: createAdmission(kube), factories };
  return {
    activities: {
      plan: planActivity(shared),
      ...prePullActivities(shared),
      ...holdActivities(shared),
      survey: surveyActivity(shared),
      arrived: arrivedActivity(shared),
      prepare: prepareActivity(shared),
      ...stageActivities(shared),
      ...recreateActivities(shared),
      check: checkActivity(shared),
      keepOut: keepOutActivity(shared),
      ...commitActivities(shared),
      ...pickActivity(shared),
      ...numberActivities(shared),
      ...scalerActivities(shared),
      ...blueGreenActivities(shared),
      ...canaryActivities(shared),
      notify: notifyActivity(shared),
      ...historyActivities(shared),
      traffic: trafficActivity(shared),
    },
    watchSilences: () => watches.silences(),
    close: () => watches.close(),
  };
}
