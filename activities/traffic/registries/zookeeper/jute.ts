/**
 * ZooKeeper's wire format, as far as it is spoken here:
 * https://github.com/apache/zookeeper/blob/master/zookeeper-jute/src/main/resources/zookeeper.jute
 */

export function int(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

export const bytes = (value: Buffer): Buffer => Buffer.concat([int(value.length), value]);
export const text = (value: string): Buffer => bytes(Buffer.from(value));

/** A message with its length before it. */
export const frame = (...parts: readonly Buffer[]): Buffer => bytes(Buffer.concat(parts));

/** Reads a message from its beginning on. @throws RangeError where it ends too early */
export class Reader {
  readonly #from: Buffer;
  #at = 0;

  constructor(from: Buffer) {
    this.#from = from;
  }

  int(): number {
    this.#at += 4;
    return this.#from.readInt32BE(this.#at - 4);
  }

  skip(count: number): void {
    this.#at += count;
  }

  text(): string {
    const length = Math.max(0, this.int());
    if (this.#at + length > this.#from.length) throw new RangeError('a message of ZooKeeper is cut off');
    this.#at += length;
    return this.#from.toString('utf8', this.#at - length, this.#at);
  }

  list<T>(read: () => T): readonly T[] {
    return Array.from({ length: Math.max(0, this.int()) }, read);
  }
}

/** Whole messages out of a stream; the rest waits for more. */
export function messages(): (chunk: Buffer) => readonly Buffer[] {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    const found: Buffer[] = [];
    while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
      const end = 4 + rest.readInt32BE(0);
      found.push(rest.subarray(4, end));
      rest = rest.subarray(end);
    }
    return found;
  };
}
