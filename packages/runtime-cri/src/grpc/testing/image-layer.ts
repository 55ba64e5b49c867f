const BLOCK = 512;

/** A file, folder or symbolic link of an image's layer. */
export type LayerEntry =
  | { readonly name: string; readonly type: 'file'; readonly content: Uint8Array; readonly mode?: number }
  | { readonly name: string; readonly type: 'directory'; readonly mode?: number }
  | { readonly name: string; readonly type: 'link'; readonly to: string };

const TYPE_FLAGS = { file: '0', directory: '5', link: '2' } as const;

/** Makes a layer, which is a tar archive, owned by root and of no time. @throws {RangeError} when a name is longer than 100 bytes */
export function packLayer(entries: readonly LayerEntry[]): Buffer {
  const blocks: Uint8Array[] = [];
  for (const entry of entries) {
    const content = entry.type === 'file' ? entry.content : new Uint8Array(0);
    blocks.push(header(entry, content.length), content);
    const rest = content.length % BLOCK;
    if (rest > 0) blocks.push(Buffer.alloc(BLOCK - rest));
  }
  blocks.push(Buffer.alloc(2 * BLOCK));
  return Buffer.concat(blocks);
}

function header(entry: LayerEntry, size: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const name = entry.type === 'directory' ? `${entry.name}/` : entry.name;
  if (Buffer.byteLength(name) > 100) throw new RangeError(`${name}: file name is too long`);
  const mode = entry.type === 'link' ? 0o777 : (entry.mode ?? (entry.type === 'directory' ? 0o755 : 0o644));
  block.write(name, 0);
  block.write(`${mode.toString(8).padStart(7, '0')}\0`, 100);
  block.write('0000000\0', 108);
  block.write('0000000\0', 116);
  block.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  block.write('00000000000\0', 136);
  block.write('        ', 148);
  block.write(TYPE_FLAGS[entry.type], 156);
  if (entry.type === 'link') block.write(entry.to, 157);
  block.write('ustar\u000000', 257);
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}
