const BLOCK = 512;
const MAX_NAME = 100;

/** A file or folder of an archive. */
export interface TarEntry {
  readonly name: string;
  readonly type: 'file' | 'directory';
  readonly content: Uint8Array;
}

/** Makes an archive in the ustar format. @throws {RangeError} when a name is longer than 255 bytes or cannot be split */
export function packTar(entries: readonly TarEntry[]): Uint8Array {
  const blocks: Uint8Array[] = [];
  for (const entry of entries) {
    blocks.push(header(entry), entry.content);
    const rest = entry.content.byteLength % BLOCK;
    if (rest > 0) blocks.push(new Uint8Array(BLOCK - rest));
  }
  blocks.push(new Uint8Array(2 * BLOCK));
  return Buffer.concat(blocks);
}

function header({ name, type, content }: TarEntry): Uint8Array {
  const block = Buffer.alloc(BLOCK);
  const [prefix, rest] = splitName(type === 'directory' ? `${name}/` : name);
  block.write(rest, 0);
  block.write(type === 'directory' ? '0000755\0' : '0000644\0', 100);
  block.write('0000000\0', 108);
  block.write('0000000\0', 116);
  block.write(`${content.byteLength.toString(8).padStart(11, '0')}\0`, 124);
  block.write('00000000000\0', 136);
  block.write('        ', 148);
  block.write(type === 'directory' ? '5' : '0', 156);
  block.write('ustar\u000000', 257);
  block.write(prefix, 345);
  block.write(`${checksum(block).toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

function splitName(name: string): [prefix: string, rest: string] {
  if (Buffer.byteLength(name) <= MAX_NAME) return ['', name];
  const at = name.indexOf('/', name.length - MAX_NAME - 1);
  if (at <= 0 || at > 155) throw new RangeError(`${name}: file name is too long`);
  return [name.slice(0, at), name.slice(at + 1)];
}

function checksum(block: Uint8Array): number {
  let sum = 0;
  for (const byte of block) sum += byte;
  return sum;
}

/** Reads an archive in the ustar, GNU or pax format; entries that are no files or folders are left out. @throws {RangeError} when it is cut off or damaged */
export function unpackTar(archive: Uint8Array): readonly TarEntry[] {
  const bytes = Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength);
  const entries: TarEntry[] = [];
  let longName: string | undefined;
  for (let at = 0; at + BLOCK <= bytes.length; ) {
    const block = bytes.subarray(at, at + BLOCK);
    if (block.every((byte) => byte === 0)) break;
    checkSum(block);
    const size = parseInt(text(block, 124, 12), 8) || 0;
    const content = bytes.subarray(at + BLOCK, at + BLOCK + size);
    if (content.length < size) throw new RangeError('unexpected EOF');
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
    const type = String.fromCharCode(block[156] ?? 0);
    if (type === 'L') longName = text(content, 0, size);
    else if (type === 'x') longName = /\d+ path=([^\n]*)\n/.exec(content.toString('utf8'))?.[1] ?? longName;
    else {
      const name = (longName ?? nameOf(block)).replace(/\/+$/, '');
      longName = undefined;
      if (type === '5') entries.push({ name, type: 'directory', content: new Uint8Array() });
      else if (type === '0' || type === '\0') entries.push({ name, type: 'file', content: Uint8Array.from(content) });
    }
  }
  return entries;
}

function checkSum(block: Buffer): void {
  const blank = Buffer.from(block);
  blank.fill(' ', 148, 156);
  if (checksum(blank) !== parseInt(text(block, 148, 8), 8)) throw new RangeError('invalid tar header checksum');
}

function nameOf(block: Buffer): string {
  const prefix = text(block, 257, 5) === 'ustar' ? text(block, 345, 155) : '';
  return prefix === '' ? text(block, 0, 100) : `${prefix}/${text(block, 0, 100)}`;
}

function text(bytes: Buffer, start: number, length: number): string {
  const part = bytes.subarray(start, start + length);
  const end = part.indexOf(0);
  return part.toString('utf8', 0, end < 0 ? part.length : end).trim();
}
