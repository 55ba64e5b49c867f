import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Where a name server reads its zones: the outside world of this tool. */
export interface ZoneDirectory {
  read(domain: string): Promise<string | undefined>;
  /** All or nothing: whenever the process dies, a reader finds the old file or the new one. */
  write(domain: string, text: string): Promise<void>;
  remove(domain: string): Promise<void>;
}

/** Opens the directory; it is made if it does not exist. What a crash left half written goes. */
export async function openZoneDirectory(path: string): Promise<ZoneDirectory> {
  await mkdir(path, { recursive: true });
  for (const name of await readdir(path)) if (name.endsWith('.tmp')) await rm(join(path, name));
  const fileOf = (domain: string): string => join(path, `${domain}.zone`);
  return {
    async read(domain) {
      try {
        return await readFile(fileOf(domain), 'utf8');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    },
    async write(domain, text) {
      const temporary = `${fileOf(domain)}.tmp`;
      const file = await open(temporary, 'w');
      try {
        await file.writeFile(text);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, fileOf(domain));
    },
    remove: (domain) => rm(fileOf(domain), { force: true }),
  };
}
