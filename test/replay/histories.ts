import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { Worker } from '@temporalio/worker';
import { bundleWorkflows } from '../../worker/bundle.ts';

/** One run of one workflow, as Temporal keeps it. */
export interface RecordedRun {
  readonly workflowId: string;
  readonly runId: string;
  /** The message as protobufjs writes it to JSON: Temporal's own conversion fails where npm installs protobufjs twice. */
  readonly history: History;
}

type History = Parameters<typeof temporal.api.history.v1.History.fromObject>[0];

const directory = fileURLToPath(new URL('./histories', import.meta.url));

/** What to do when the workflows do not follow a recorded history any more. */
export const howToRecord = `The workflows do not follow recorded histories any more: releases that are running when such a
worker is deployed would stand still until it is taken back. Keep the old way for them with patched() (see CONTRIBUTING.md).
Only where no release can be running on the old code (before the first version is out): npm run record-histories`;

/** All runs of a release and of its batches, without what names the machine on which they were recorded. */
export async function historiesOf(client: Client, releaseId: string): Promise<readonly RecordedRun[]> {
  const runs: RecordedRun[] = [];
  for await (const { workflowId, runId } of client.workflow.list({ query: `WorkflowId STARTS_WITH '${releaseId}'` })) {
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    runs.push({ workflowId, runId, history: JSON.parse(JSON.stringify(history), anonymous) as History });
  }
  return runs;
}

function anonymous(key: string, value: unknown): unknown {
  if (key === 'identity' || key === 'workerIdentity') return 'worker';
  if (key === 'stackTrace') return '';
  return typeof value === 'string' ? value.replaceAll(hostname(), 'host') : value;
}

/** Writes a scenario down for {@link recordedScenarios}. */
export function record(scenario: string, runs: readonly RecordedRun[]): void {
  mkdirSync(directory, { recursive: true });
  writeFileSync(`${directory}/${scenario}.json`, `${JSON.stringify(runs)}\n`);
}

export function recordedScenarios(): readonly { readonly scenario: string; readonly runs: readonly RecordedRun[] }[] {
  return readdirSync(directory).map((file) => ({
    scenario: file.replace(/\.json$/, ''),
    runs: JSON.parse(readFileSync(`${directory}/${file}`, 'utf8')) as RecordedRun[],
  }));
}

let bundle: ReturnType<typeof bundleWorkflows> | undefined;

/** Runs the workflows of this checkout against histories; what differs, one text for each run that does. */
export async function replay(runs: readonly RecordedRun[]): Promise<readonly string[]> {
  const differences: string[] = [];
  bundle ??= bundleWorkflows();
  const histories = runs.map(({ workflowId, history }) => ({
    workflowId,
    history: temporal.api.history.v1.History.fromObject(history),
  }));
  const results = Worker.runReplayHistories({ workflowBundle: await bundle }, histories);
  for await (const { workflowId, error } of results) {
    if (error !== undefined) differences.push(`${workflowId}: ${error.message}`);
  }
  return differences;
}
