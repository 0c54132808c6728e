const block = 512;

/**
 * Yields the content of one regular file of a tar stream (POSIX ustar), matched by the last segment of its path.
 * @throws when the archive does not hold it or ends inside it
 */
export async function* untar(tar: AsyncIterable<Buffer>, member: string): AsyncGenerator<Buffer> {
  let pending: Buffer = Buffer.alloc(0);
  /** Bytes of the current entry still to come, its padding apart. */
  let content = 0;
  let padding = 0;
  let wanted = false;
  let found = false;
  for await (const chunk of tar) {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    while (pending.length > 0) {
      if (content > 0) {
        const part = pending.subarray(0, content);
        if (wanted) yield part;
        content -= part.length;
        pending = pending.subarray(part.length);
      } else if (padding > 0) {
        const skipped = Math.min(padding, pending.length);
        padding -= skipped;
        pending = pending.subarray(skipped);
      } else {
        if (pending.length < block) break;
        const header = readHeader(pending.subarray(0, block));
        pending = pending.subarray(block);
        content = header.size;
        padding = (block - (header.size % block)) % block;
        wanted = !found && header.regular && header.name.split('/').at(-1) === member;
        found ||= wanted;
      }
    }
  }
  if (!found) throw new Error(`the archive has no file ${member}`);
  if (content > 0) throw new Error(`the archive ends inside ${member}`);
}

/** Name at 0 (100 bytes), size at 124 (octal), type at 156: '0' or NUL is a regular file. */
function readHeader(header: Buffer): { name: string; size: number; regular: boolean } {
  const text = (from: number, length: number) => {
    const field = header.subarray(from, from + length);
    const end = field.indexOf(0);
    return field.toString('utf8', 0, end === -1 ? length : end);
  };
  return {
    name: text(0, 100),
    size: Number.parseInt(text(124, 12).trim() || '0', 8),
    regular: header[156] === 0x30 || header[156] === 0,
  };
}
