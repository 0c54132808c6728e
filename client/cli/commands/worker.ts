import { type Command, Option } from 'commander';
import type { TemporalSettings } from '../../sdk/settings.ts';
import type { Host } from '../host.ts';
import { withConnection } from '../options.ts';
import { type ConnectionFlags, settingsOf } from '../session.ts';

interface Flags extends ConnectionFlags {
  readonly cluster?: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly role?: 'workflows' | 'activities';
  readonly health?: string;
  readonly metrics?: string;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
}

/** `sluice worker --cluster local`: the process that carries out releases. */
export function registerWorker(program: Command, host: Host): void {
  withConnection(program.command('worker'))
    .description('run the process that carries out releases')
    .option('--cluster <name>', 'name of the cluster that it changes (default: $SLUICE_CLUSTER, or "local")')
    .option(
      '--kubeconfig <path>',
      'kubeconfig of that cluster (default: $KUBECONFIG, or that of the local stack for "local")',
    )
    .option('--context <name>', 'context in the kubeconfig (default: its current one)')
    .addOption(
      new Option('--role <role>', 'only workflows, or only the activities of the cluster').choices([
        'workflows',
        'activities',
      ]),
    )
    .option('--health <host:port>', 'serve /healthz and /readyz there')
    .option('--metrics <host:port>', 'serve metrics for Prometheus there')
    .addOption(new Option('--log-level <level>').choices(['debug', 'info', 'warn', 'error']).default('info'))
    .action((flags: Flags) =>
      host.run({}, async (session) => {
        const settings = await settingsOf(session, flags);
        const cluster = flags.cluster ?? session.defaults.cluster;
        const kubeconfig = flags.kubeconfig ?? (await localKubeconfig(cluster, session.io.env));
        await checkAccess(settings);
        const { startWorker } = await import('../../../worker/run.ts');
        const worker = await startWorker({
          temporal: settings,
          cluster,
          logLevel: flags.logLevel,
          ...(kubeconfig !== undefined && { kubeconfig }),
          ...(flags.context !== undefined && { context: flags.context }),
          ...(flags.role !== undefined && { roles: [flags.role] }),
          ...(flags.health !== undefined && { health: flags.health }),
          ...(flags.metrics !== undefined && { metrics: flags.metrics }),
        });
        session.output.note(({ colours, glyphs }) => [
          `${colours.green(glyphs.ok)} Worker for cluster ${cluster} polls Temporal at ${settings.address}. Ctrl-C lets it finish and stops it.`,
        ]);
        if (session.signal.aborted) worker.stop();
        session.signal.addEventListener('abort', () => worker.stop(), { once: true });
        await worker.ended;
      }),
    );
}

/** A server that is away or refuses us is told in the words of every other command; those of the worker's core are its own. */
async function checkAccess(settings: TemporalSettings): Promise<void> {
  const { connect } = await import('../../sdk/connect.ts');
  await (await connect(settings)).close();
}

/** The local cluster needs no export: its stack knows its kubeconfig. */
async function localKubeconfig(
  cluster: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  if (env['KUBECONFIG']) return undefined;
  const { environment, localCluster } = await import('../../../local/inspect.ts');
  if (cluster !== localCluster) return undefined;
  return environment().then(
    ({ KUBECONFIG }) => KUBECONFIG,
    () => undefined,
  );
}
