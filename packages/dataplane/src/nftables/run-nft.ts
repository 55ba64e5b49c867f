import { spawn } from 'node:child_process';

/** Talks to the kernel's tables. */
export interface NftRunner {
  /** Runs a script as one transaction: all of it, or nothing. @throws {NftError} with what nft says */
  readonly apply: (script: string) => Promise<void>;
  /** What `nft -j list table` prints; undefined when there is no such table. @throws {NftError} */
  readonly list: (family: string, table: string) => Promise<string | undefined>;
}

/** nft refused, or could not be run. */
export class NftError extends Error {
  readonly stderr: string;
  constructor(message: string, stderr: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'NftError';
    this.stderr = stderr;
  }
}

/**
 * Runs the `nft` command. Needs root, or CAP_NET_ADMIN in the network's namespace.
 *
 * @param command how nft is called, such as `['nsenter', '--net=/run/netns/n2', 'nft']` for a node in a namespace of its own
 */
export function nftCommand(command: readonly string[] = ['nft']): NftRunner {
  return {
    apply: async (script) => void (await run(command, ['-f', '-'], script)),
    list: async (family, table) => {
      try {
        return await run(command, ['-j', 'list', 'table', family, table]);
      } catch (error) {
        if (error instanceof NftError && error.stderr.includes('No such file or directory')) return undefined;
        throw error;
      }
    },
  };
}

function run([program = 'nft', ...before]: readonly string[], args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...before, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (bytes: Buffer) => out.push(bytes));
    child.stderr.on('data', (bytes: Buffer) => err.push(bytes));
    child.stdin.on('error', () => undefined); // nft ended before it read everything: its status says why
    child.on('error', (cause) => reject(new NftError(`${program} cannot be run: ${cause.message}`, '', { cause })));
    child.on('close', (code) => {
      const stderr = Buffer.concat(err).toString();
      if (code === 0) resolve(Buffer.concat(out).toString());
      else reject(new NftError(`nft ended with ${String(code)}: ${stderr.slice(0, 2000)}`, stderr));
    });
    child.stdin.end(input);
  });
}
