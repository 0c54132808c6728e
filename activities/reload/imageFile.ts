import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import type { FileOf } from '../../workflows/contract/reload.ts';
import { decode } from '../kubernetes/decode.ts';
import { openBlob } from '../registry/blob.ts';
import { type ImageReference, parseImage } from '../registry/imageReference.ts';
import { askManifest } from '../registry/manifest.ts';
import { requireOk, tooLarge, unfit, unreachableBy, upToMost } from './artifactFault.ts';
import { hidersOf, pathIn } from './layerPaths.ts';

interface Layer {
  readonly mediaType: string;
  readonly digest: string;
  /** An artifact's layer is the file itself, and has its name here (ORAS). */
  readonly annotations?: { readonly 'org.opencontainers.image.title'?: string };
}

/** The parts of an OCI image manifest, or of an index, that are read here. */
interface Manifest {
  readonly layers?: readonly Layer[];
  readonly manifests?: readonly {
    readonly digest: string;
    readonly platform?: { readonly os: string; readonly architecture: string };
  }[];
}

/**
 * A regular file of an image: that of the uppermost layer which has it. Everything that is read is compared with its digest.
 * @throws ARTIFACT_UNFIT (not there, no regular file, too large, an index of images), ARTIFACT_UNREACHABLE
 */
export async function fileOfImage(file: FileOf<'image'>, signal: AbortSignal, limit: AbortSignal): Promise<Buffer> {
  const { path, image, from } = file;
  const where = `${path}: ${from} of ${image}`;
  try {
    const reference = parseImage(image);
    for (const layer of (await layersOf(reference, where, limit)).toReversed()) {
      const found = await search(reference, layer, from, where, limit);
      if (found === 'hidden') break;
      if (found !== undefined) return found;
    }
  } catch (error) {
    throw unreachableBy(where, error, signal);
  }
  throw unfit(where, 'is not there');
}

async function layersOf(reference: ImageReference, where: string, signal: AbortSignal): Promise<readonly Layer[]> {
  const { status, body } = await askManifest(reference, 'GET', signal);
  if (status === 401 || status === 403) throw unfit(where, `cannot be downloaded: ${reference.host} wants a login`);
  requireOk(where, status);
  requireDigest(where, reference.digest, createHash('sha256').update(body).digest('hex'));
  const { layers, manifests } = decode<Manifest>(body);
  if (layers) return layers;
  const images = (manifests ?? []).flatMap(({ digest, platform }) =>
    platform === undefined || platform.os === 'unknown' ? [] : [`${platform.os}/${platform.architecture} ${digest}`],
  );
  throw unfit(where, `is in an index of images; name the digest of one of them: ${images.join(', ') || 'it has none'}`);
}

/** What one layer says of the file; undefined: nothing. All of it is read, else nobody knew that it is what its digest says. */
async function search(
  reference: ImageReference,
  { mediaType, digest, annotations }: Layer,
  from: string,
  where: string,
  signal: AbortSignal,
): Promise<Buffer | 'hidden' | undefined> {
  const isArchive = mediaType.includes('tar');
  if (!isArchive && pathIn(annotations?.['org.opencontainers.image.title'] ?? '') !== pathIn(from)) return undefined;
  if (mediaType.endsWith('zstd')) throw unfit(where, 'is in layers packed with zstd, which cannot be read here');
  const { status, body } = await openBlob(reference, digest, signal);
  requireOk(where, status);
  const hash = createHash('sha256');
  const read = async function* () {
    for await (const chunk of body) {
      hash.update(chunk);
      yield chunk;
    }
  };
  const found = isArchive
    ? await inArchive(read(), mediaType.endsWith('gzip'), from, where)
    : await whole(read(), where);
  requireDigest(where, digest, hash.digest('hex'));
  return found;
}

async function whole(chunks: AsyncIterable<Uint8Array>, where: string): Promise<Buffer> {
  const bytes = await upToMost(chunks);
  if (bytes === undefined) throw tooLarge(where);
  return bytes;
}

async function inArchive(
  chunks: AsyncIterable<Uint8Array>,
  isPacked: boolean,
  from: string,
  where: string,
): Promise<Buffer | 'hidden' | undefined> {
  const entries = extract();
  const feeding = isPacked ? pipeline(chunks, createGunzip(), entries) : pipeline(chunks, entries);
  // Its failure ends the loop below, too.
  const fed = feeding.catch(() => undefined);
  const hiders = hidersOf(from);
  let found: Buffer | 'hidden' | undefined;
  for await (const entry of entries) {
    const name = pathIn(entry.header.name);
    if (name === pathIn(from)) {
      if (entry.header.type !== 'file') throw unfit(where, `is no file but a ${entry.header.type ?? 'special one'}`);
      found = await whole(entry as AsyncIterable<Uint8Array>, where);
    } else {
      if (hiders.has(name)) found ??= 'hidden';
      entry.resume();
    }
  }
  await fed;
  return found;
}

function requireDigest(where: string, digest: string | undefined, found: string): void {
  if (digest !== `sha256:${found}`) throw unfit(where, `came with the digest sha256:${found}, and not ${digest}`);
}
