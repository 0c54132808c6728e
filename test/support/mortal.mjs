// Preloaded into a real worker process (`node --import`), so that a test can kill it at chosen points of releases.
//
// A point is the boundary of an activity (`commit`) or one write inside it (`commit › create replicasets`), just before
// it happens or just after. A release that has come to its point stands still there, until the test kills the process
// when all of them have. So one death of one worker finds each release in exactly the state in which it shall be found.
//
// SLUICE_MORTAL is JSON: `points` names a file that gets a line for every point that is passed; `kills` says where a
// release (by the name of its workload) stands still: { point, when: 'before' | 'after', nth }.
import { AsyncLocalStorage } from 'node:async_hooks';
import { appendFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { Context } = require('@temporalio/activity');
const { Worker } = require('@temporalio/worker');
const undici = require('undici');

const { points, kills = {} } = JSON.parse(process.env.SLUICE_MORTAL ?? '{}');
const counts = new Map();
/** Workloads whose release has met a failure that is not tried again: what follows is its rollback. */
const undoing = new Set();
const current = new AsyncLocalStorage();

const create = Worker.create.bind(Worker);
Worker.create = (options) =>
  create({
    ...options,
    interceptors: { ...options.interceptors, activity: [() => ({ inbound: { execute: watched } })] },
  });

async function watched(input, next) {
  const { activityType, workflowExecution } = Context.current().info;
  const workload = workflowExecution.workflowId.split('/')[4];
  // What is being done is beating already; what stands still must not be given to another attempt before the kill.
  const context = Context.current();
  const beat = setInterval(() => context.heartbeat(), 2_000);
  const activity = { workload, name: undoing.has(workload) ? `undo ${activityType}` : activityType };
  try {
    return await current.run(activity, async () => {
      await pass(activity, activity.name, 'before');
      const answer = await next(input);
      await pass(activity, activity.name, 'after');
      return answer;
    });
  } catch (error) {
    if (error?.nonRetryable === true) undoing.add(workload);
    throw error;
  } finally {
    clearInterval(beat);
  }
}

const request = undici.request;
undici.request = async (url, options) => {
  const activity = current.getStore();
  const write = activity && writeOf(new URL(url), options);
  if (!write) return request(url, options);
  const point = `${activity.name} › ${write}`;
  await pass(activity, point, 'before');
  const answer = await request(url, options);
  await pass(activity, point, 'after');
  return answer;
};

async function pass({ workload }, point, when) {
  const key = `${workload} ${point} ${when}`;
  const nth = (counts.get(key) ?? 0) + 1;
  counts.set(key, nth);
  appendFileSync(points, `${JSON.stringify({ workload, point, when, nth })}\n`);
  const kill = kills[workload];
  if (kill?.point === point && kill.when === when && kill.nth === nth) await new Promise(() => {});
}

/** `patch pods: drained`; undefined for what changes nothing. */
function writeOf({ pathname, searchParams }, { method, body }) {
  const [, resource] = /\/namespaces\/[^/]+\/([a-z]+)/.exec(pathname) ?? [];
  if (method === 'GET' || resource === undefined || searchParams.has('dryRun')) return undefined;
  const verb = { POST: 'create', PATCH: 'patch', PUT: 'update', DELETE: 'delete' }[method];
  const patch = method === 'PATCH' ? JSON.parse(body) : {};
  const what = Object.keys(kinds).find((kind) => kinds[kind](patch));
  return what === undefined ? `${verb} ${resource}` : `${verb} ${resource}: ${what}`;
}

const label = (labels, key, value) => labels?.[`sluice.dev/${key}`] === value;

/** What a patch is about, most telling first. */
const kinds = {
  pause: ({ spec }) => spec?.paused === true,
  resume: ({ spec }) => spec?.paused === null,
  images: ({ spec }) => spec?.containers !== undefined,
  template: ({ spec }) => spec?.template?.spec !== undefined,
  'births labelled': ({ spec }) => label(spec?.template?.metadata?.labels, 'serving', 'true'),
  'births as before': ({ spec }) => label(spec?.template?.metadata?.labels, 'serving', null),
  'selector asks for the label': ({ spec }) => label(spec?.selector, 'serving', 'true'),
  'label off': ({ metadata }) => label(metadata?.labels, 'serving', null),
  'selector as before': ({ spec }) => label(spec?.selector, 'serving', null),
  serving: ({ metadata }) => label(metadata?.labels, 'serving', 'true'),
  'reload noted': ({ metadata }) => metadata?.annotations?.['sluice.dev/reloaded'] !== undefined,
  drained: ({ metadata }) => label(metadata?.labels, 'serving', 'false'),
  'marks off': ({ metadata }) => label(metadata?.annotations, 'release', null),
};
