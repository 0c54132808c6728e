import type { PlannedHotSwap } from '../hotSwap/plan.ts';
import type { Target } from '../names.ts';
import type { Images } from '../observation.ts';
import type { PlannedTemplate, TemplateSource } from '../plan.ts';
import type { ContainerResources } from '../resize.ts';
import type { TrafficSource } from '../traffic.schema.ts';

/** Which release of which workload. `holder` is what marks.release says: `<workflow id>|<first run id>`. */
export interface HeldRequest {
  readonly target: Target;
  /** UID of the workload. */
  readonly uid: string;
  readonly holder: string;
}

/** From what pods are born. */
export interface Births {
  /** Which side of the change of the template. */
  readonly side: 'from' | 'to';
  /** marks.template of the new version: pods that are born from `to` have it, those from `from` have not. */
  readonly mark: string;
}

export interface BearRequest extends HeldRequest {
  /** Absent: as before the change. */
  readonly births?: Births;
}

export interface ReleaseRequest extends HeldRequest {
  /** Whatever the template is now: its native controller rolls it out. */
  readonly adopt?: boolean;
  /** After a commit: the images of the version before, which becomes native history. */
  readonly keeps?: Images;
  /** More than images changed: the templates that were kept for it go. */
  readonly recreated?: true;
}

export interface AcquireRequest extends HeldRequest {
  /** Template images that the plan was made from. */
  readonly from: Images;
  /** Where more than images changes: both templates are kept in the cluster until the release is over. */
  readonly template?: PlannedTemplate;
}

export interface Acquired {
  /** What the workload was before; also in its marks.before. */
  readonly before: { readonly paused: boolean };
}

export interface TrafficRequest extends HeldRequest {
  readonly through: readonly TrafficSource[];
}

export interface ArrivedRequest extends HeldRequest {
  /** The new ones. */
  readonly images: Images;
  /** What makes the new template, where more than images changes. */
  readonly source?: TemplateSource;
}

export interface CommitRequest extends HeldRequest {
  readonly from: Images;
  readonly to: Images;
  /** Written as kubernetes.io/change-cause. */
  readonly cause: string;
  /** marks.template of the new version, where more than images changes: the templates are those that `acquire` kept. */
  readonly mark?: string;
  /** The new ones, where they change in pods that live: none is made anew. */
  readonly resources?: ContainerResources;
  readonly hotSwap?: PlannedHotSwap;
}
