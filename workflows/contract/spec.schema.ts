import { z } from 'zod';
import { blueGreenFits, blueGreenSchema } from './blueGreen/spec.schema.ts';
import { canaryFits, canarySchema } from './canary/spec.schema.ts';
import { checkSchema } from './check.schema.ts';
import { hotSwapSchema } from './hotSwap/spec.schema.ts';
import { kindAliases } from './kinds.ts';
import { imageSchema, labelSchema, nameSchema } from './name.schema.ts';
import { durationSchema, quantitySchema, quantityTitle, someTimeSchema } from './quantity.schema.ts';
import { reloadSchema } from './reload.schema.ts';
import { silenceSchema } from './silence.schema.ts';
import {
  approversSuffice,
  drainIsLongEnough,
  eachSourceOnce,
  modeFits,
  oneChange,
  orderFits,
  queryFits,
  sharesAddUp,
  surgeFits,
  warmUpFits,
} from './specRules.schema.ts';
import { templateSchema } from './template.schema.ts';
import { notifySchema, trafficSourceSchema } from './traffic.schema.ts';
import { warmUpSchema } from './warmUp.schema.ts';

export const modes = [
  'InPlaceIfPossible',
  'InPlaceOnly',
  'Recreate',
  'BlueGreen',
  'Canary',
  'HotReload',
  'HotSwap',
] as const;

const kinds = [...new Set(Object.values(kindAliases))].join(', ');

const labelsSchema = z
  .record(z.string().min(1), z.string())
  .refine((labels) => Object.keys(labels).length > 0, 'at least one label')
  .meta({ title: 'labels with their values' });

const conditions = z.strictObject({
  names: z
    .array(nameSchema)
    .min(1)
    .optional()
    .describe('Exactly these pods; `pods` does not count then.')
    .meta({ title: 'a list of pod names' }),
  labels: labelsSchema.optional().describe('Pods that carry all of these labels.'),
  nodes: labelsSchema
    .optional()
    .describe(
      'Pods on nodes that carry all of these labels; `zone` stands for topology.kubernetes.io/zone, `node` for kubernetes.io/hostname.',
    ),
});
const someOf = 'Which pods; several conditions must all hold. One that selects nothing is an error in the plan.';

/** Conditions alone. */
export const conditionsSchema = conditions
  .refine((select) => Object.keys(select).length > 0, '`names`, `labels` or `nodes`')
  .describe(someOf);

const firstSchema = z.enum(['Newest', 'Oldest', 'HighestOrdinal', 'LowestOrdinal']).optional();

const selectSchema = conditions
  .extend({
    first: firstSchema.describe(
      'Which of them are taken, where they are more than asked for, zones aside; those that are not ready go before them. Default: as `strategy.order` says.',
    ),
  })
  .refine((select) => Object.keys(select).length > 0, '`names`, `labels`, `nodes` or `first`')
  .describe(someOf);

const evenly = z.strictObject({ count: z.int().min(1).max(200).describe('So many batches of even size.') });

/** Shares without a choice of pods. */
export const sharesSchema = z
  .union([z.array(quantitySchema).min(1).max(200).superRefine(sharesAddUp), evenly])
  .default({ count: 3 })
  .meta({ title: 'a list of counts and percentages, or `count: <number of batches>`' });

/** With `pods` alone it is a share, as the gray group is written. */
const batchSchema = z
  .strictObject({
    pods: quantitySchema.optional().describe('Its share, as without `select`. Default: all pods that are selected.'),
    select: selectSchema.optional(),
  })
  .refine(({ pods, select }) => pods !== undefined || select !== undefined, '`pods`, `select` or both')
  .transform(({ select, ...share }) =>
    select === undefined && share.pods !== undefined ? share.pods : { ...share, ...(select && { select }) },
  );

const approvalSchema = z
  .strictObject({
    required: z.int().min(1).max(20).default(1).describe('How many different people must approve.'),
    from: z
      .array(z.string().min(1))
      .default([])
      .describe('Who may approve: names as the client sends them. Empty: anybody.')
      .meta({ title: 'a list of names' }),
    expires: someTimeSchema.optional().describe('How long the gate waits for approval. Default: for ever.'),
    onExpiry: z
      .enum(['hold', 'rollback'])
      .default('hold')
      .describe('What happens then: go on waiting (and say so), or roll back.'),
  })
  .superRefine(approversSuffice);

/** The default is written out, so that a spec which only sets `bake` keeps its approval. */
const gateSchema = (approval: false | Record<string, never>) =>
  z.strictObject({
    bake: durationSchema
      .default('0s')
      .describe(
        'How long the upgraded pods must run before the gate can open. They are looked at up to ten times meanwhile.',
      ),
    approval: z
      .union([z.literal(false), approvalSchema])
      .prefault(approval)
      .describe('Who must say yes before the release goes on. false: nobody.')
      .meta({ title: 'false, or a mapping with required, from, expires and onExpiry ({}: one approval by anybody)' }),
  });

/** What a person writes. Everything but `target` and `change` has a default; see docs/spec.md. */
const releaseShape = z.strictObject({
  apiVersion: z.literal('sluice.dev/v1').default('sluice.dev/v1').describe('Version of this format.'),
  kind: z.literal('Release').default('Release').describe('What the document is.'),
  metadata: z
    .strictObject({
      name: nameSchema.optional().describe('Name of the application. Default: the name of the workload.'),
      namespace: labelSchema.default('default').describe('Kubernetes namespace of the workload.'),
    })
    .prefault({})
    .describe('What the release is called, and where.'),
  target: z
    .strictObject({
      cluster: labelSchema.describe('Name of the cluster, as its worker was started with.'),
      workload: z
        .string()
        .regex(/^[a-z]+\/[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/)
        .refine((workload) => Object.hasOwn(kindAliases, workload.split('/')[0] ?? ''))
        .describe('What to release, named as in kubectl.')
        .meta({ title: `kind/name, such as deployment/checkout (kinds: ${kinds})` }),
    })
    .describe('Whom the release changes.'),
  change: z
    .strictObject({
      images: z
        .record(labelSchema, imageSchema)
        .refine((images) => Object.keys(images).length > 0, 'at least one container with its image')
        .optional()
        .describe('New image by container name.')
        .meta({ title: 'containers with their images' }),
      template: templateSchema
        .optional()
        .describe(
          'Whatever else of the pod template changes (env, resources, volumes, a checksum of the configuration), as a strategic merge patch like that of `kubectl patch`. Pods are then made anew, unless it only sets images. Values end up in the history of the release: refer to Secrets, do not write them.',
        ),
      restart: z
        .union([z.literal(true), z.array(labelSchema).min(1)])
        .optional()
        .describe(
          'Restarts containers in place with the very image that they run: all of the pod template, or those of a list. The image is spelled in another way, with its digest; `pin` does not count.',
        )
        .meta({ title: 'true, or a list of containers' }),
      revision: z
        .int()
        .min(1)
        .optional()
        .describe(
          'Goes back to this revision of the workload, template and all, as `kubectl rollout history` numbers them. Where only images differ it goes in place, with the images as they were; `pin` does not count.',
        )
        .meta({ title: 'the number of a revision' }),
      reload: reloadSchema
        .optional()
        .describe(
          'Restarts nothing and changes nothing of the pod template: a command or a signal in containers that run, by which they reload; files that are put there first.',
        ),
      hotSwap: hotSwapSchema
        .optional()
        .describe(
          'For a sidecar that hands its connections over, of which the pod has two containers, one of them with an empty image: the new version goes into the empty one, which takes over, then the old one gets the empty image. The roles swap with each release.',
        ),
      order: z
        .array(z.union([labelSchema, z.array(labelSchema).min(1).meta({ title: 'a list of containers' })]))
        .min(1)
        .optional()
        .describe(
          'Which containers of a pod change first: the next ones only when those before run their new images and are ready, and have run for `minReadySeconds`, at least 2 s. A list in the list changes together; containers that are not named come last, together. A rollback goes the other way. Default: all at once.',
        )
        .meta({ title: 'a list of containers, or of lists of containers' }),
      pin: z
        .enum(['Digest', 'Tag'])
        .default('Digest')
        .describe(
          'Digest: where the registry answers, pods get `image:tag@sha256:…`, so that a moved tag changes nothing in mid-release. Tag: written as given.',
        ),
      prePull: z
        .enum(['Auto', 'Require', 'Off'])
        .default('Auto')
        .describe(
          'Pulls the new images on the nodes before anything is touched: kubelet kills a container first and pulls afterwards. Auto: where the worker may create pods; an image that cannot be had stops the release, whatever else goes wrong is told and the release goes on. Require: nothing is touched until every node has the images. Off: not at all.',
        ),
      prePullTimeout: someTimeSchema.default('10m').describe('How long one node may take to pull them.'),
    })
    .superRefine(oneChange)
    .superRefine(orderFits)
    .describe(
      'What it changes: new images, other parts of the pod template, all of it to an earlier revision; or a restart, a reload without one, or a hot swap.',
    )
    .meta({
      oneOf: [
        { anyOf: [{ required: ['images'] }, { required: ['template'] }] },
        { required: ['restart'] },
        { required: ['revision'] },
        { required: ['reload'] },
        { required: ['hotSwap'] },
      ],
    }),
  strategy: z
    .strictObject({
      mode: z
        .enum(modes)
        .default('InPlaceIfPossible')
        .describe(
          'InPlaceOnly: containers restart inside their pods, or get other cpu and memory as they run, or the release is refused. Recreate: pods are deleted, batch by batch, and born anew. BlueGreen: all new pods beside the old, then the Services are switched. Canary: new pods beside the old step by step, callers split by weight, by header or by numbers. InPlaceIfPossible: in place where only images change, or cpu and memory that pods can be given as they run, else Recreate; the plan says which, and why. HotReload: what `change.reload` says, which goes no other way. HotSwap: what `change.hotSwap` says, likewise.',
        ),
      blueGreen: blueGreenSchema.optional(),
      canary: canarySchema.optional(),
      gray: z
        .strictObject({
          pods: quantitySchema
            .default(1)
            .describe('Size of the gray group: a count, or a percentage of all pods, rounded up.'),
          select: selectSchema.optional(),
        })
        .prefault({})
        .describe('The first, small group; it always has a gate after it.'),
      batches: z
        .union([
          z
            .array(
              z
                .union([...quantitySchema.options, batchSchema])
                .meta({ title: `${quantityTitle}; or \`pods\` and \`select\`` }),
            )
            .min(1)
            .max(200)
            .superRefine(sharesAddUp),
          evenly,
        ])
        .prefault({ count: 3 })
        .describe(
          'Shares of the pods that remain after gray, one entry a batch; what is left over is a last batch. An entry may be `{pods: 30%, select: …}`: its pods are chosen as those of the gray group. A batch without `select` leaves the pods that a later one selects, as long as there are others.',
        )
        .meta({ title: 'a list of counts and percentages, or `count: <number of batches>`' }),
      maxUnavailable: quantitySchema
        .default('25%')
        .describe('How many pods of the workload may be out of service at once; a percentage rounds down, at least 1.'),
      maxSurge: quantitySchema
        .optional()
        .describe(
          'Where pods of a Deployment are made anew: so many new ones at once stand beside the old, each of which goes when the one in its place serves, so that none is out of service; `maxUnavailable` then does not count. A percentage of all pods rounds up. Default: none.',
        ),
      warmUp: warmUpSchema
        .optional()
        .describe(
          'So long after a pod is back in traffic no other takes its place out of service, and no old pod goes in its favour: its caches fill meanwhile, at `weights` of its own where its registry has any. A rollback does not wait for it, and gives pods back all their weight. Default: not at all.',
        ),
      disruptionBudgets: z
        .enum(['Respect', 'Ignore'])
        .default('Respect')
        .describe(
          'Respect: no more pods are out of service at once than the PodDisruptionBudgets of the workload let; where they let none, the release waits, and says so. Ignore: only `maxUnavailable` counts. A rollback waits for no budget, but takes one pod at a time where it has to.',
        ),
      order: z
        .strictObject({
          spreadBy: z
            .string()
            .min(1)
            .default('topology.kubernetes.io/zone')
            .describe(
              'Node label over whose values each batch is spread; `zone` stands for the default, `node` for kubernetes.io/hostname.',
            ),
          arrange: z
            .enum(['Spread', 'Pack'])
            .default('Spread')
            .describe('Spread: in turn from each value of `spreadBy`. Pack: all pods of one value before the next.'),
          first: firstSchema.describe(
            'Which pods go first. Default: the highest ordinal of a StatefulSet, else by name.',
          ),
        })
        .prefault({})
        .describe('Which pods go first, after those that are not ready.'),
      readyTimeout: someTimeSchema
        .default('5m')
        .describe('How long one pod may take from its change until it is ready; then it has failed.'),
      failureThreshold: quantitySchema
        .optional()
        .describe(
          'How many pods of one batch may fail without stopping the release; a percentage of the batch rounds down. Those that failed go back into traffic as their readiness says, and count as out of service. Default: none.',
        ),
      batchTimeout: someTimeSchema
        .optional()
        .describe('How long one batch may take; what waits does not count. Default: no limit but those of its pods.'),
      progressDeadline: someTimeSchema
        .default('10m')
        .describe(
          'How long a batch may stand still, no pod coming any further, until it has failed. Waiting for people, or for others to be in service again, does not count.',
        ),
      rollbackWindow: z
        .int()
        .min(0)
        .max(100)
        .default(1)
        .describe(
          'An undo to one of so many revisions before the current one waits at no gate: those have served here lately. 0: every undo waits at the gates of the spec.',
        ),
      rollback: z
        .enum(['AtOnce', 'InBatches'])
        .default('AtOnce')
        .describe(
          'AtOnce: a rollback takes all pods in one go, at most `maxUnavailable` at a time. InBatches: batch by batch, the last one first.',
        ),
    })
    .superRefine(blueGreenFits)
    .superRefine(canaryFits)
    .superRefine(surgeFits)
    .superRefine(warmUpFits)
    .prefault({})
    .describe('How it goes about it.'),
  gates: z
    .strictObject({
      afterGray: gateSchema({}).prefault({}).describe('The gate after the gray group.'),
      afterBatch: gateSchema(false)
        .prefault({})
        .describe('The gate after each batch, also after the last one: before the commit.'),
    })
    .prefault({})
    .describe('What must hold before the release goes on.'),
  traffic: z
    .strictObject({
      through: z
        .array(trafficSourceSchema)
        .default([])
        .describe(
          'Where callers find the pods: drained in this order, restored in reverse. Empty: pods are not drained.',
        )
        .superRefine(eachSourceOnce)
        .meta({ title: 'a list of ways out of traffic' }),
      quiet: durationSchema.default('5s').describe('So long without a connection counts as silence.'),
      silence: silenceSchema
        .optional()
        .describe(
          'How it is seen that nobody calls a pod any more. Default: by its open connections, as a container of its own shows them; where none can, `quiet` is waited for and people are told.',
        ),
      maxDrain: durationSchema.default('60s').describe('How long to wait for silence at most; not less than `quiet`.'),
      onDrainTimeout: z
        .enum(['Stop', 'Continue'])
        .default('Stop')
        .describe('Stop: the pod goes back into traffic and counts as failed. Continue: change it all the same.'),
    })
    .superRefine(drainIsLongEnough)
    .superRefine(queryFits)
    .prefault({})
    .describe('How a pod is taken out of traffic before it is changed.'),
  checks: z
    .array(checkSchema)
    .default([])
    .describe('What must pass: on each pod when it is ready, or at the gates.')
    .meta({ title: 'a list of checks' }),
  notify: z
    .array(notifySchema)
    .default([])
    .describe('Who is told about gates, failures and the end.')
    .meta({ title: 'a list of those to tell' }),
  onFailure: z
    .enum(['Rollback', 'Hold'])
    .default('Rollback')
    .describe('Rollback: undo everything. Hold: stop there, touch nothing, and wait for somebody to say which.'),
});

export const releaseSpecSchema = releaseShape.superRefine(modeFits);

export type ReleaseSpecInput = z.input<typeof releaseSpecSchema>;
export type ReleaseSpec = z.output<typeof releaseSpecSchema>;
export type PodSelect = z.output<typeof selectSchema>;
export type ApprovalSpec = z.output<typeof approvalSchema>;
