import { containerNotFound } from '../../workflows/contract/containerNotFound.ts';
import type { Target } from '../../workflows/contract/names.ts';
import type { Preview } from '../../workflows/contract/observation.ts';
import type { TemplateSource } from '../../workflows/contract/plan.ts';
import type { ReleaseSpec } from '../../workflows/contract/spec.ts';
import { patchedThere } from '../../workflows/contract/templatePatch.ts';
import { differences, templateFingerprint, templateImages } from '../kubernetes/templates.ts';
import type { PodTemplate } from '../kubernetes/wire.ts';
import type { Workload } from '../ports.ts';

/** Whether pods may have to be made anew; whether they must, the templates tell. */
export const mayRecreate = ({ change, strategy }: Pick<ReleaseSpec, 'change' | 'strategy'>): boolean =>
  change.template !== undefined ||
  change.revision !== undefined ||
  ['Recreate', 'BlueGreen', 'Canary'].includes(strategy.mode);

/** The API server would say only that an image is missing. */
const newOne = 'A new container needs an image.';

export interface Previewed {
  readonly preview: Preview;
  readonly to: PodTemplate;
}

/** What the change makes of the template, as the API server sees it. Undefined where it can only be one of images. */
export async function previewOf(
  workload: Workload,
  target: Target,
  template: PodTemplate,
  spec: Pick<ReleaseSpec, 'change' | 'strategy'>,
): Promise<Previewed | undefined> {
  if (!mayRecreate(spec)) return undefined;
  const source = sourceOf(spec.change);
  const there = Object.keys(templateImages(template));
  const unknown = 'patch' in source ? patchedThere(source.patch).filter((name) => !there.includes(name)) : [];
  if (unknown.length > 0) throw containerNotFound(target, { field: 'change.template', unknown, there }, [newOne]);
  const to = await workload.recreation.preview(target, source);
  const preview = {
    from: templateFingerprint(template),
    source,
    images: templateImages(to),
    differs: differences(template, to),
  };
  return { preview, to };
}

/** A restart sets the annotation that `kubectl rollout restart` sets. */
function sourceOf({ template = {}, restart, revision }: ReleaseSpec['change']): TemplateSource {
  if (revision !== undefined) return { revision };
  const restarted = { annotations: { 'kubectl.kubernetes.io/restartedAt': new Date().toISOString() } };
  return { patch: restart === undefined ? template : { metadata: restarted } };
}
