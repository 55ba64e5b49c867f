import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { packLayer, type LayerEntry } from './image-layer.ts';

/** Something that a registry holds by its digest. */
export interface Blob {
  readonly digest: string;
  readonly mediaType: string;
  readonly bytes: Buffer;
}

/** An image in the form of the OCI: its manifest, and what that names. */
export interface OciImage {
  readonly manifest: Blob;
  readonly blobs: readonly Blob[];
}

/** How {@link buildImage} sets up an image. */
export interface ImageConfig {
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly env?: readonly string[];
  /** Makes images of the same files differ. */
  readonly label?: string;
}

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** Makes an image of one layer. */
export function buildImage(entries: readonly LayerEntry[], config: ImageConfig = {}): OciImage {
  const layer = blob(packLayer(entries), 'application/vnd.oci.image.layer.v1.tar');
  const about = json('application/vnd.oci.image.config.v1+json', {
    architecture: ARCHITECTURES[process.arch] ?? process.arch,
    os: 'linux',
    config: {
      Env: config.env ?? ['PATH=/bin'],
      ...(config.entrypoint === undefined ? {} : { Entrypoint: config.entrypoint }),
      Cmd: config.command ?? ['/bin/sh'],
      ...(config.label === undefined ? {} : { Labels: { is: config.label } }),
    },
    rootfs: { type: 'layers', diff_ids: [layer.digest] },
  });
  const manifest = json('application/vnd.oci.image.manifest.v1+json', {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: descriptor(about),
    layers: [descriptor(layer)],
  });
  return { manifest, blobs: [about, layer] };
}

const descriptor = ({ mediaType, digest, bytes }: Blob): object => ({ mediaType, digest, size: bytes.length });

function json(mediaType: string, value: object): Blob {
  return blob(Buffer.from(JSON.stringify(value)), mediaType);
}

function blob(bytes: Buffer, mediaType: string): Blob {
  return { digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`, mediaType, bytes };
}

/** The files of a small system: a static busybox under the names of all of its commands. @throws {Error} when `binary` is no busybox */
export function busyboxFiles(binary: string): readonly LayerEntry[] {
  const applets = execFileSync(binary, ['--list'], { encoding: 'utf8' })
    .split('\n')
    .filter((name) => /^[\w[.-]+$/.test(name) && name !== 'busybox');
  return [
    ...['bin', 'etc', 'root'].map((name): LayerEntry => ({ name, type: 'directory' })),
    { name: 'tmp', type: 'directory', mode: 0o1777 },
    { name: 'bin/busybox', type: 'file', mode: 0o755, content: readFileSync(binary) },
    ...applets.map((name): LayerEntry => ({ name: `bin/${name}`, type: 'link', to: 'busybox' })),
    { name: 'etc/passwd', type: 'file', content: Buffer.from('root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n') },
    { name: 'etc/group', type: 'file', content: Buffer.from('root:x:0:\nnogroup:x:65534:\n') },
  ];
}

/** The images of the end-to-end tests, by repository: busybox under two names, and a pause image that sleeps. */
export function testImages(busybox: string): Readonly<Record<string, OciImage>> {
  const files = busyboxFiles(busybox);
  return {
    'library/busybox': buildImage(files, { label: 'busybox' }),
    'library/other': buildImage(files, { label: 'other' }),
    pause: buildImage(files, { label: 'pause', entrypoint: ['/bin/busybox', 'sleep'], command: ['2147483647'] }),
  };
}
