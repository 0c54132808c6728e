import { type Activities, createActivities } from '../activities/index.ts';
import { connect } from '../activities/kubernetes/connection.ts';
import { loadKubeConfig } from '../activities/kubernetes/kubeConfig.ts';
import { createNotifier } from '../activities/notify/index.ts';
import { createTraffic } from '../activities/traffic/index.ts';
import { createCheck } from '../activities/verify/index.ts';
import { planDrain } from '../workflows/contract/drain/planner.ts';
import { validateDrain } from '../workflows/contract/drain/validate.schema.ts';
import { planRelease } from '../workflows/contract/planner.ts';
import { planScale } from '../workflows/contract/scale/planner.ts';
import { validateScale } from '../workflows/contract/scale/validate.schema.ts';
import { validateSpec } from '../workflows/contract/validate.schema.ts';
import type { WorkerConfig } from './config.ts';

const factories = {
  createTraffic,
  createCheck,
  createNotifier,
  planRelease,
  planScale,
  planDrain,
  validateDrain,
  validateScale,
  validateSpec,
};

export interface ClusterConnection extends Activities {
  /** Ends the watches and the connections. */
  readonly close: () => void;
}

/**
 * The activities of `config.cluster`, connected with its kubeconfig. Nothing is sent yet.
 * @throws SluiceError CLUSTER_UNREACHABLE when the kubeconfig cannot be used
 */
export function loadActivities({ cluster, kubeconfig, context }: WorkerConfig): ClusterConnection {
  const kube = connect(loadKubeConfig({ kubeconfig, context }));
  const made = createActivities({ cluster, kube, factories });
  return {
    ...made,
    close: () => {
      made.close();
      void kube.close();
    },
  };
}
