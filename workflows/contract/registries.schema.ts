import { z } from 'zod';
import { durationSchema, someTimeSchema } from './quantity.schema.ts';

/** What the entries of all service registries in `traffic.through` have in common; each adapter has one entry below. */

const templateText = '`{pod}`, `{namespace}` and `{ip}` stand for what the pod has';

const instanceSchema = z
  .strictObject({
    port: z
      .int()
      .min(1)
      .max(65535)
      .optional()
      .describe('The instance at the address of the pod with this port. Without it: the only one at that address.'),
    metadata: z
      .record(z.string().min(1), z.string())
      .optional()
      .describe(`The instance whose metadata has all of these; ${templateText}.`)
      .meta({ title: 'keys with their values' }),
    id: z
      .string()
      .min(1)
      .optional()
      .describe(`The instance of this id; ${templateText}.`)
      .meta({ title: 'an id, such as `{pod}:checkout:8080`' }),
  })
  .superRefine((given, context) => {
    const ways = Object.entries(given).flatMap(([key, value]) => (value === undefined ? [] : [key]));
    if (ways.length > 1) {
      const params = { found: ways.join(' and ') };
      context.addIssue({ code: 'custom', message: 'one of port, metadata and id, or none', params });
    }
  })
  .prefault({})
  .describe('Which instance of the service a pod is. Default: the one at its address.');

const credentialsSchema = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/)
  .meta({ title: 'the name of a folder, such as eureka-admin' });

const callersCacheText =
  'So long callers may go on with what they found before; a pod is not changed earlier, however quiet it is, and `maxDrain` counts from there.';

/** Fields of every registry that has a server. `callersCache`: has the default that fits its usual callers, or none: nobody but its owner knows. */
const common = <S extends z.ZodType<string>>(callersCache: S) => ({
  instance: instanceSchema,
  missing: z
    .enum(['Fail', 'Skip'])
    .default('Fail')
    .describe(
      'A pod that is ready and has no instance there. Fail: the plan refuses it. Skip: it is changed all the same, and the plan names it.',
    ),
  callersCache: callersCache.describe(callersCacheText),
  callsPerSecond: z
    .int()
    .min(1)
    .max(10_000)
    .default(50)
    .describe(
      'At most so many calls of one worker to this server begin within any one second, whichever releases they are for; where these say different numbers, the least counts while it calls. Workers share no bound: two make twice as many at most.',
    ),
  credentials: credentialsSchema
    .optional()
    .describe(
      'Name of a folder of the worker in SLUICE_CREDENTIALS_DIR with the files `username` and `password`, or `token`; `ca.crt` besides, where the server has a CA of its own.',
    ),
});

const serverSchema = z
  .url({ protocol: /^https?$/ })
  .regex(/^[^@?#]*$/)
  .meta({ title: 'an http or https address; who may call it is said by `credentials`' });

const eureka = z
  .strictObject({
    server: serverSchema.describe('Its address as clients have it, such as http://eureka:8761/eureka.'),
    service: z.string().min(1).describe('The application that the pods register as; case does not matter.'),
    ...common(durationSchema.default('90s')),
  })
  .describe('A service in Eureka: a pod is taken out by the status override OUT_OF_SERVICE.');

const etcd = z
  .strictObject({
    server: serverSchema.describe('Its address for clients, such as http://etcd:2379.'),
    service: z
      .string()
      .min(1)
      .describe(
        'What the keys of all instances begin with, such as /services/checkout/; the rest is the id of an instance.',
      ),
    flag: z
      .string()
      .regex(/^[^{}]*\{key\}[^{}]*$/)
      .describe(
        "The key that tells callers to leave an instance alone, while it is there; `{key}` stands for the instance's own.",
      )
      .meta({ title: 'a key with `{key}` in it, such as `/disabled{key}`' }),
    ...common(durationSchema.default('5s')),
  })
  .superRefine(({ service, flag }, context) => {
    if (!flag.startsWith(service) && !flag.startsWith('{key}')) return;
    const message = 'a key that does not begin as those of the instances do: callers would take it for one';
    context.addIssue({ code: 'custom', path: ['flag'], message });
  })
  .describe(
    'Instances that applications keep under keys of etcd: a pod is taken out by a key beside, which callers must heed.',
  );

const consul = z
  .strictObject({
    server: serverSchema.describe('The address of its HTTP API, such as http://consul:8500.'),
    service: z.string().min(1).describe('The service that the pods are registered as.'),
    datacenter: z.string().min(1).optional().describe('Where the service is. Default: the datacenter of the server.'),
    agent: z
      .string()
      .regex(/^https?:\/\/[^@?#]*\{node\}[^@?#]*$/)
      .optional()
      .describe(
        'Where the agent that an instance is registered with answers; `{node}` stands for the address that its node has in Consul. Default: all are registered with `server`.',
      )
      .meta({ title: 'an address with `{node}` in it, such as `http://{node}:8500`' }),
    ...common(durationSchema.default('40s')),
  })
  .describe('A service in Consul: a pod is taken out by service maintenance.');

const webhook = z
  .strictObject({
    server: serverSchema.describe(
      'Its address, such as https://platform.example/traffic; the operations are below it.',
    ),
    service: z.string().min(1).describe('The service that the pods are instances of.'),
    ...common(durationSchema),
    credentials: credentialsSchema.describe(
      'Name of a folder of the worker in SLUICE_CREDENTIALS_DIR with the file `secret`, which calls are signed with; `token` or `username` and `password`, and `ca.crt`, besides.',
    ),
  })
  .describe("A service in a platform of the company's own, which speaks docs/webhook.openapi.json.");

const nacos = z
  .strictObject({
    server: serverSchema.describe('Its address with the context path, such as http://nacos:8848/nacos.'),
    api: z
      .enum(['v1', 'v2', 'v3'])
      .default('v1')
      .describe(
        'Its HTTP API: v1 with Nacos 1 and 2, v3 (the admin API) with Nacos 3; v2 where only that is let through.',
      ),
    namespace: z.string().min(1).default('public').describe('The id of the namespace.'),
    group: z.string().min(1).default('DEFAULT_GROUP').describe('The group of the service.'),
    clusters: z
      .array(z.string().min(1))
      .min(1)
      .default(['DEFAULT'])
      .describe('The clusters of the service in which the pods register.')
      .meta({ title: 'a list of names, such as `[hz-a, hz-b]`' }),
    service: z.string().min(1).describe('The service that the pods register as, without its group.'),
    ...common(durationSchema.default('60s')),
  })
  .describe('A service in Nacos: a pod is taken out by `enabled=false`.');

const commandSchema = z
  .array(z.string())
  .min(1)
  .meta({ title: 'a program and its arguments, such as [/app/traffic, offline]' });
const wordSchema = z
  .string()
  .regex(/^\S(.*\S)?$/)
  .meta({ title: 'a line' });

const exec = z
  .strictObject({
    container: z.string().min(1).describe('The container of the pod in which the commands run.'),
    offline: commandSchema.describe(
      'Takes the pod out of traffic, and ends with 0. Run again it does no harm. No shell is implied.',
    ),
    online: commandSchema.describe('Puts it back, and ends with 0. Run again it does no harm.'),
    status: z
      .strictObject({
        command: commandSchema.describe(
          'Says whether callers are sent to the pod, in a line of its output, and ends with 0.',
        ),
        online: wordSchema.default('online').describe('The line that says that they are.'),
        offline: wordSchema.default('offline').describe('The line that says that they are not.'),
      })
      .refine(({ online, offline }) => online !== offline, {
        message: 'two lines that are not the same',
        path: ['offline'],
      })
      .describe('How to see whether the pod is in traffic.'),
    timeout: someTimeSchema
      .default('10s')
      .describe('For one command. Afterwards it may still run: nobody can end it from outside.'),
    callersCache: durationSchema.describe(callersCacheText),
  })
  .describe("The application's own commands in its container.");

const dubbo = z
  .strictObject({
    server: z
      .string()
      .regex(/^zookeeper(\+tls)?:\/\/[^/@?#,\s]+(,[^/@?#,\s]+)*(\/[^?#\s]*)?$/)
      .describe('The ZooKeeper ensemble, such as zookeeper://zk-0:2181,zk-1:2181; a path behind it is where all is.')
      .meta({ title: 'addresses after zookeeper:// or zookeeper+tls://; who may call is said by `credentials`' }),
    root: z
      .string()
      .regex(/^[^/\s]+(\/[^/\s]+)*$/)
      .default('dubbo')
      .describe("The registry's `group` in Dubbo's configuration."),
    service: z
      .string()
      .min(1)
      .describe('The interface that the pods provide, such as com.example.Checkout; one entry for each.'),
    ...common(durationSchema.default('5s')),
  })
  .describe(
    "An interface of Dubbo in ZooKeeper (interface-level discovery): a pod is taken out by an override rule, and keeps its provider's node.",
  );

/** By the key of the adapter, which is in activities/traffic/registries/. */
export const registrySchemas = {
  eureka: z.strictObject({ eureka }),
  etcd: z.strictObject({ etcd }),
  consul: z.strictObject({ consul }),
  webhook: z.strictObject({ webhook }),
  nacos: z.strictObject({ nacos }),
  exec: z.strictObject({ exec }),
  dubbo: z.strictObject({ dubbo }),
};

export type RegistryKey = keyof typeof registrySchemas;
/** What stands under the key of one registry. */
export type RegistryRulesOf<K extends RegistryKey> = z.output<(typeof registrySchemas)[K]>[K &
  keyof z.output<(typeof registrySchemas)[K]>];
export type AnyRegistryRules = { [K in RegistryKey]: RegistryRulesOf<K> }[RegistryKey];
export type RegistrySource = { [K in RegistryKey]: z.output<(typeof registrySchemas)[K]> }[RegistryKey];
export type RegistryRules = z.output<z.ZodObject<ReturnType<typeof common>>>;
