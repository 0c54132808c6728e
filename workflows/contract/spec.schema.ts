import { z } from 'zod';
import { checkSchema } from './check.schema.ts';
import { durationSchema, quantitySchema } from './quantity.schema.ts';
import { notifySchema, trafficSourceSchema } from './traffic.schema.ts';

/** DNS-1123 subdomain, as Kubernetes names are. */
const nameSchema = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, 'a Kubernetes name: lower-case letters, digits, "-" and "."');

const labelsSchema = z.record(z.string().min(1), z.string());

/** Modes of the design; those without an implementation are refused by name (MODE_UNSUPPORTED). */
export const modes = ['InPlaceIfPossible', 'InPlaceOnly'] as const;
export const futureModes = ['Recreate', 'HotReload', 'HotSwap', 'BlueGreen', 'Canary'] as const;

const selectSchema = z
  .strictObject({
    names: z.array(nameSchema).min(1).optional().describe('Exactly these pods.'),
    labels: labelsSchema.optional().describe('Pods that carry all of these labels.'),
    nodes: labelsSchema
      .optional()
      .describe('Pods on nodes that carry all of these labels; `zone` stands for topology.kubernetes.io/zone.'),
  })
  .describe('Which pods; several conditions must all hold. One that selects nothing is an error in the plan.');

const approvalSchema = z
  .strictObject({
    required: z.int().min(1).max(20).default(1).describe('How many different people must approve.'),
    from: z
      .array(z.string().min(1))
      .default([])
      .describe('Who may approve: names as the client sends them. Empty: anybody.'),
    expires: durationSchema.optional().describe('How long the gate waits for approval. Default: for ever.'),
    onExpiry: z
      .enum(['hold', 'rollback'])
      .default('hold')
      .describe('What happens then: go on waiting (and say so), or roll back.'),
  })
  .describe('Who must say yes before the release goes on.');

const gateSchema = z.strictObject({
  bake: durationSchema.default('0s').describe('How long the upgraded pods must run before the gate can open.'),
  approval: approvalSchema.optional(),
});

/** What a person writes. Everything but `target` and `change` has a default; see docs/spec.md. */
export const releaseSpecSchema = z.strictObject({
  apiVersion: z.literal('sluice.dev/v1').default('sluice.dev/v1'),
  kind: z.literal('Release').default('Release'),
  metadata: z
    .strictObject({
      name: nameSchema.optional().describe('Name of the application. Default: the name of the workload.'),
      namespace: nameSchema.default('default').describe('Kubernetes namespace of the workload.'),
    })
    .prefault({}),
  target: z.strictObject({
    cluster: z
      .string()
      .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, 'a cluster name: lower-case letters, digits and "-"')
      .describe('Name of the cluster, as its worker was started with.'),
    workload: z
      .string()
      .regex(/^[a-z]+\/[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, 'kind/name as in kubectl, such as deployment/checkout')
      .describe('What to release, as in kubectl: `deployment/checkout`.'),
  }),
  change: z.strictObject({
    images: z
      .record(nameSchema, z.string().regex(/^\S+$/, 'an image reference without spaces'))
      .refine((images) => Object.keys(images).length > 0, 'at least one container')
      .describe('New image by container name.'),
    pin: z
      .enum(['Digest', 'Tag'])
      .default('Digest')
      .describe(
        'Digest: where the registry answers, pods get `image:tag@sha256:…`, so that a moved tag changes nothing in mid-release. Tag: written as given.',
      ),
  }),
  strategy: z
    .strictObject({
      mode: z.enum(modes).default('InPlaceIfPossible'),
      gray: z
        .strictObject({
          pods: quantitySchema.default(1).describe('Size of the gray group: a count or a percentage of all pods.'),
          select: selectSchema.optional(),
        })
        .prefault({}),
      batches: z
        .union([
          z.array(quantitySchema).min(1).max(200),
          z.strictObject({ count: z.int().min(1).max(200).describe('So many batches of even size.') }),
        ])
        .default({ count: 3 })
        .describe('Shares of the pods that remain after gray, one entry a batch; what is left over is a last batch.'),
      maxUnavailable: quantitySchema
        .default('25%')
        .describe('How many pods of the workload may be out of service at once; a percentage rounds down, at least 1.'),
      order: z
        .strictObject({
          spreadBy: z
            .string()
            .default('topology.kubernetes.io/zone')
            .describe('Node label over whose values each batch is spread.'),
        })
        .prefault({}),
      readyTimeout: durationSchema
        .default('5m')
        .describe('How long one pod may take from its change until it is ready; then it has failed.'),
    })
    .prefault({}),
  gates: z
    .strictObject({
      afterGray: gateSchema.prefault({ approval: {} }),
      afterBatch: gateSchema.prefault({}),
    })
    .prefault({}),
  traffic: z
    .strictObject({
      through: z
        .array(trafficSourceSchema)
        .default([])
        .describe('Where callers find the pods: drained in this order, restored in reverse.'),
      quiet: durationSchema.default('5s').describe('So long without a connection counts as silence.'),
      maxDrain: durationSchema.default('60s').describe('How long to wait for silence at most.'),
      onDrainTimeout: z
        .enum(['Stop', 'Continue'])
        .default('Stop')
        .describe('Stop: the pod goes back into traffic and counts as failed. Continue: change it all the same.'),
    })
    .prefault({}),
  checks: z.array(checkSchema).default([]).describe('Run against each pod when it is ready, before it gets traffic.'),
  notify: z.array(notifySchema).default([]).describe('Who is told about gates, failures and the end.'),
  onFailure: z.enum(['Rollback', 'Hold']).default('Rollback'),
});

export type ReleaseSpecInput = z.input<typeof releaseSpecSchema>;
export type ReleaseSpec = z.output<typeof releaseSpecSchema>;
export type PodSelect = z.output<typeof selectSchema>;
export type ApprovalSpec = z.output<typeof approvalSchema>;
