import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContainerRecord, SandboxRecord } from './records.ts';

/** What a runtime wrote down before it ended. */
export interface StoredRecords {
  readonly sandboxes: readonly SandboxRecord[];
  readonly containers: readonly ContainerRecord[];
  readonly pulled: readonly string[];
}

/** Keeps records in files, each replaced as a whole, so that a runtime that ends at any moment finds one or the other. */
export class RecordStore {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Where a container has its pipes and files. */
  containerFolder(id: string): string {
    return join(this.#directory, 'containers', id);
  }

  async load(): Promise<StoredRecords> {
    for (const each of ['sandboxes', 'containers']) await mkdir(join(this.#directory, each), { recursive: true, mode: 0o711 });
    const sandboxes = await readAll<SandboxRecord>(await files(join(this.#directory, 'sandboxes'), (name) => (name.endsWith('.json') ? name : undefined)));
    const containers = await readAll<ContainerRecord>(await files(join(this.#directory, 'containers'), (name) => join(name, 'record.json')));
    const [pulled] = await readAll<readonly string[]>([join(this.#directory, 'images.json')]);
    return { sandboxes, containers, pulled: pulled ?? [] };
  }

  putSandbox(record: SandboxRecord): Promise<void> {
    return replace(join(this.#directory, 'sandboxes', `${record.id}.json`), record);
  }

  async removeSandbox(id: string): Promise<void> {
    await rm(join(this.#directory, 'sandboxes', `${id}.json`), { force: true });
  }

  putContainer(record: ContainerRecord): Promise<void> {
    return replace(join(this.containerFolder(record.id), 'record.json'), record);
  }

  async removeContainer(id: string): Promise<void> {
    await rm(this.containerFolder(id), { recursive: true, force: true });
  }

  putImages(pulled: readonly string[]): Promise<void> {
    return replace(join(this.#directory, 'images.json'), pulled);
  }
}

async function files(folder: string, pick: (name: string) => string | undefined): Promise<readonly string[]> {
  return (await readdir(folder)).flatMap((name) => {
    const path = pick(name);
    return path === undefined ? [] : [join(folder, path)];
  });
}

async function readAll<T>(paths: readonly string[]): Promise<readonly T[]> {
  const texts = await Promise.all(paths.map((path) => readFile(path, 'utf8').catch(() => undefined))); // what was never finished is not there
  return texts.flatMap((text) => (text === undefined ? [] : [JSON.parse(text) as T]));
}

async function replace(path: string, value: unknown): Promise<void> {
  await writeFile(`${path}.new`, JSON.stringify(value), { mode: 0o600 });
  await rename(`${path}.new`, path);
}
