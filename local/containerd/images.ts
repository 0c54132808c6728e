import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { binaryOf, portOf } from '../context.ts';
import { writeFileAtomically } from '../process/write.ts';
import type { RuntimeContext } from '../types.ts';
import { type Recipe, recipes } from './image-recipes.ts';
import { programLayer, toolsLayer } from './layers.ts';
import { run } from './run.ts';

/** The image of the process that holds a pod's namespaces. */
export const pauseImage = (registryPort: number): string => `127.0.0.1:${registryPort}/pause:local`;

/** Waits for ever, and buries orphans of pods whose containers share their process namespace. */
const pauseScript = 'while :; do sleep 2147483647 & wait; done';

/**
 * Pushes the pause image and all images of the sample to the stack's registry, unless it has them. Made from busybox of the system and the sample
 * program, without Docker.
 * @param busybox path of a static busybox
 * @throws LOCAL_UNSUPPORTED when crane or tar fail
 */
export async function pushImages(context: RuntimeContext, busybox: string): Promise<void> {
  const registry = `127.0.0.1:${portOf(context, 'registry')}`;
  const sample = binaryOf(context, 'sample');
  const stamp = await stampOf([sample, busybox]);
  const stampFile = join(context.paths.data, 'registry-images');
  const pushed = (await readFile(stampFile, 'utf8').catch(() => '')) === stamp;
  if (pushed && (await hasAll(registry))) return;
  const directory = await mkdtemp(join(tmpdir(), 'sluice-images-'));
  try {
    const crane = craneOf(context, directory);
    const [tools, program] = await Promise.all([
      toolsLayer(directory, busybox),
      programLayer(directory, 'sample', sample),
    ]);
    await crane('append', '--oci-empty-base', `--new_layer=${tools}`, `--new_tag=${registry}/tools:local`);
    await Promise.all([
      pushPause(crane, registry),
      pushSamples(crane, registry, program, false),
      pushSamples(crane, registry, program, true),
    ]);
    await writeFileAtomically(stampFile, stamp);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

type Crane = (...args: readonly string[]) => Promise<string>;

/** Without the user's registry credentials: loopback needs none, and their helpers may ask for a password. */
function craneOf(context: RuntimeContext, directory: string): Crane {
  return (...args) =>
    run(binaryOf(context, 'crane'), args, { env: { DOCKER_CONFIG: directory }, signal: context.signal });
}

const platform = `--set-platform=linux/${process.arch === 'x64' ? 'amd64' : process.arch}`;

async function pushPause(crane: Crane, registry: string): Promise<void> {
  await crane(
    'mutate',
    `${registry}/tools:local`,
    platform,
    '--entrypoint=/bin/sh',
    `--cmd=-c,${pauseScript}`,
    `--tag=${registry}/pause:local`,
  );
}

async function pushSamples(crane: Crane, registry: string, program: string, bare: boolean): Promise<void> {
  const base = `${registry}/sample-base:${bare ? 'bare' : 'tools'}`;
  const below = bare ? '--oci-empty-base' : `--base=${registry}/tools:local`;
  await crane('append', below, `--new_layer=${program}`, `--new_tag=${base}`);
  const wanted = Object.entries(recipes).filter(([, recipe]) => (recipe.bare ?? false) === bare);
  await Promise.all(wanted.map(([tag, recipe]) => crane(...mutation(base, recipe), `--tag=${registry}/sample:${tag}`)));
}

const mutation = (base: string, { env }: Recipe): string[] => [
  'mutate',
  base,
  platform,
  '--entrypoint=/sample',
  '--user=65534:65534',
  '--exposed-ports=8080/tcp',
  ...Object.entries(env).map(([name, value]) => `--env=${name}=${value}`),
];

async function hasAll(registry: string): Promise<boolean> {
  const names = ['pause/manifests/local', ...Object.keys(recipes).map((tag) => `sample/manifests/${tag}`)];
  const found = await Promise.all(
    names.map(async (name) => (await fetch(`http://${registry}/v2/${name}`, { method: 'HEAD' })).ok),
  );
  return found.every(Boolean);
}

/** Changes with everything that the images are made from. */
async function stampOf(files: readonly string[]): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([recipes, pauseScript]));
  for (const file of files) hash.update(await readFile(file));
  return hash.digest('hex');
}
