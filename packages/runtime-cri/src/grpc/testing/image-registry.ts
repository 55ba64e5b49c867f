import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { sleep, systemClock } from '@kybern/core';
import type { Blob, OciImage } from './test-images.ts';

/** What a registry is made to do wrong. */
export type RegistryFault = 'refuse' | 'lie' | 'hang' | 'slow';

/** A registry on loopback, for tests. */
export interface ImageRegistry extends AsyncDisposable {
  readonly url: string;
  /** Users by name, with their passwords: then nobody else gets anything. */
  users: Readonly<Record<string, string>>;
  /** `refuse`: 503; `lie`: blobs are not what their digest says; `hang`: no answer; `slow`: blobs come in pieces, with pauses. */
  fault: RegistryFault | undefined;
  /** How many manifests were asked for. */
  readonly pulls: number;
}

/** Serves images by repository, whatever the tag. */
export async function startImageRegistry(images: Readonly<Record<string, OciImage>>): Promise<ImageRegistry> {
  const registry = new Registry(images);
  await registry.listen();
  return registry;
}

const PIECES = 20;
const PAUSE_MS = 100;

async function* drip(bytes: Buffer): AsyncGenerator<Buffer> {
  const size = Math.ceil(bytes.length / PIECES);
  for (let at = 0; at < bytes.length; at += size) {
    await sleep(systemClock(), PAUSE_MS);
    yield bytes.subarray(at, at + size);
  }
}

class Registry implements ImageRegistry {
  users: Readonly<Record<string, string>> = {};
  fault: RegistryFault | undefined;
  pulls = 0;
  readonly #images: Readonly<Record<string, OciImage>>;
  readonly #server: Server;

  constructor(images: Readonly<Record<string, OciImage>>) {
    this.#images = images;
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  get url(): string {
    return `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`;
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    if (this.fault === 'hang') return;
    if (this.fault === 'refuse') return void response.writeHead(503).end();
    if (!this.#mayEnter(request.headers.authorization)) {
      return void response.writeHead(401, { 'www-authenticate': 'Basic realm="test"' }).end('{"errors":[{"code":"UNAUTHORIZED"}]}');
    }
    const { pathname } = new URL(request.url ?? '/', 'http://registry');
    if (pathname === '/v2/') return void response.writeHead(200).end('{}');
    const [, name = '', what, reference = ''] = /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(pathname) ?? [];
    if (what === 'manifests' && request.method === 'GET') this.pulls += 1;
    const found = what === 'manifests' ? this.#manifest(name, reference) : this.#images[name]?.blobs.find(({ digest }) => digest === reference);
    if (found === undefined) return void response.writeHead(404).end('{"errors":[{"code":"MANIFEST_UNKNOWN"}]}');
    const bytes = this.fault === 'lie' && what === 'blobs' ? Buffer.alloc(found.bytes.length, 1) : found.bytes;
    response.writeHead(200, { 'content-type': found.mediaType, 'content-length': bytes.length, 'docker-content-digest': found.digest });
    if (this.fault === 'slow' && what === 'blobs') return void Readable.from(drip(bytes)).pipe(response);
    response.end(request.method === 'HEAD' ? undefined : bytes);
  }

  #manifest(name: string, reference: string): Blob | undefined {
    const manifest = this.#images[name]?.manifest;
    return reference.startsWith('sha256:') && manifest?.digest !== reference ? undefined : manifest;
  }

  #mayEnter(authorization: string | undefined): boolean {
    if (Object.keys(this.users).length === 0) return true;
    const [user = '', password] = Buffer.from(authorization?.replace(/^Basic /, '') ?? '', 'base64')
      .toString()
      .split(':');
    return password !== undefined && this.users[user] === password;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
