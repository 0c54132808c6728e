import type { BlueGreenObservation } from '../../workflows/contract/blueGreen/observation.ts';
import { SluiceError } from '../../workflows/contract/errors.ts';
import { workloadName } from '../../workflows/contract/names.ts';
import type { Observation } from '../../workflows/contract/observation.ts';
import { servicesOf } from '../../workflows/contract/planner/traffic.ts';
import type { ReleaseSpec } from '../../workflows/contract/spec.ts';
import { deployments } from '../kubernetes/resources.ts';
import { selects } from '../kubernetes/selectors.ts';
import { hashLabel } from '../kubernetes/templates.ts';
import type { Connection } from '../kubernetes/types.ts';
import type { Pod } from '../kubernetes/wire.ts';
import type { Access, Workload } from '../ports.ts';
import { ownSelector, usableServices } from '../traffic/service/usable.ts';
import { shortOf } from './room.ts';

/** What it needs besides; ResourceQuotas are read where that is allowed. */
export const blueGreenAccess: readonly Access[] = [
  ...['get', 'list', 'patch'].map((verb) => ({ group: '', resource: 'services', verb })),
  ...['list', 'watch'].map((verb) => ({ group: 'discovery.k8s.io', resource: 'endpointslices', verb })),
];

const switches = (field: string) => ({
  verb: 'switched',
  instead: `Name those that select the pods of this workload alone in strategy.${field}.services.`,
});

/**
 * Which Services would be switched, and whether there is room for all pods twice. `own`: the pods as they are.
 * @throws SERVICE_NOT_FOUND, SERVICE_UNUSABLE, WORKLOAD_UNFIT
 */
export const observeBlueGreen = (
  kube: Connection,
  workload: Workload,
  spec: ReleaseSpec,
  observation: Observation,
  own: readonly Pod[],
): Promise<BlueGreenObservation> => observePair(kube, workload, spec, observation, own, spec.strategy.blueGreen ?? {});

interface Named {
  readonly services?: readonly string[] | undefined;
  readonly previewService?: string | undefined;
}

/** The same for whichever mode has new pods beside the old. */
export async function observePair(
  kube: Connection,
  workload: Workload,
  { strategy, traffic }: ReleaseSpec,
  { target, findings, preview, replicas }: Observation,
  own: readonly Pod[],
  { services: asked, previewService }: Named,
): Promise<BlueGreenObservation> {
  const { mode } = strategy;
  const through = servicesOf(traffic.through);
  const services = asked ?? (through.length > 0 ? through : findings.services.toSorted());
  const named = [...new Set([...services, ...(previewService === undefined ? [] : [previewService])])];
  const found = await usableServices(kube, target, named, own, switches(mode === 'Canary' ? 'canary' : 'blueGreen'));
  for (const service of found) {
    if (ownSelector(service)[hashLabel] === undefined) continue;
    throw new SluiceError(
      'SERVICE_UNUSABLE',
      `Service ${service.metadata.name} has ${hashLabel} in its selector: by that key ${mode} switches from one version to the other.`,
      { next: 'Leave it to the other labels.' },
    );
  }
  const { spec } = await kube.get(deployments, target);
  // The second ReplicaSet has no labels, or the Deployment would take it for its own.
  if (selects(spec.selector, {})) {
    throw new SluiceError(
      'WORKLOAD_UNFIT',
      `${workloadName(target)} selects whatever has no label; ${mode} needs a selector that names one.`,
    );
  }
  const template = preview && (await workload.recreation.preview(target, preview.source));
  return {
    services: [...new Set(services)],
    short: template ? await shortOf(kube, target.namespace, template, replicas) : [],
  };
}
