import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Addresses of Services that this machine answers itself, until they are disposed. */
export type ServiceAddresses = AsyncDisposable;

/** Gives this machine single addresses. Needs root on Linux. @throws {Error} with what `ip` says */
export async function addAddresses(addresses: readonly string[]): Promise<ServiceAddresses> {
  // One that a killed process left behind is as good as a new one.
  for (const address of addresses) await ip(['address', 'replace', `${address}/32`, 'dev', 'lo', 'scope', 'host']);
  return {
    async [Symbol.asyncDispose]() {
      for (const address of addresses) await ip(['address', 'delete', `${address}/32`, 'dev', 'lo'], 'Cannot assign requested address');
    },
  };
}

/** Gives this machine all addresses of a range: whatever is listened on there is reached. Needs root on Linux. @throws {Error} with what `ip` says */
export async function addRange(range: string): Promise<ServiceAddresses> {
  await ip(['route', 'replace', 'local', range, 'dev', 'lo']);
  return { [Symbol.asyncDispose]: () => ip(['route', 'delete', 'local', range, 'dev', 'lo'], 'No such process') };
}

async function ip(args: readonly string[], except?: string): Promise<void> {
  const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` };
  try {
    await run('ip', args, { env, timeout: 10_000 });
  } catch (error) {
    const { stderr = '' } = error as { readonly stderr?: string };
    if (except !== undefined && stderr.includes(except)) return;
    throw new Error(`ip ${args.join(' ')}: ${stderr.trim() || String(error)}`, { cause: error });
  }
}
