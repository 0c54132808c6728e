import type { Download } from './catalog.ts';

/**
 * Finds the SHA-256 of a download in what its publisher says.
 * @param text the content of `download.checksum.url`
 * @returns lower-case hex, or undefined when it is not there
 */
export function findChecksum(download: Download, text: string): string | undefined {
  const file = download.url.slice(download.url.lastIndexOf('/') + 1);
  switch (download.checksum.format) {
    case 'plain':
      return sha256(text.trim().split(/\s+/)[0]);
    case 'sums':
      return sha256(
        text
          .split('\n')
          .map((line) => line.trim().split(/\s+\*?/))
          .find(([, name]) => name === file)?.[0],
      );
    case 'github':
      return sha256(githubDigest(text, file)?.replace(/^sha256:/, ''));
  }
}

function sha256(text: string | undefined): string | undefined {
  return text !== undefined && /^[\da-f]{64}$/i.test(text) ? text.toLowerCase() : undefined;
}

/** A release as the GitHub API describes it: each asset with a name and, since June 2025, a digest. */
function githubDigest(text: string, file: string): string | undefined {
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every step below allows for absence
    const release = JSON.parse(text) as { assets?: { name?: string; digest?: string | null }[] };
    return release.assets?.find(({ name }) => name === file)?.digest ?? undefined;
  } catch {
    return undefined;
  }
}
