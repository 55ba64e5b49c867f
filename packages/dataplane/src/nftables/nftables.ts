import { noopLogger, sleep, systemClock, type Clock, type Logger } from '@kybern/core';
import type { IpFamily, ServiceRule } from '@kybern/netmodel';
import { NFT_FAMILY } from './elements.ts';
import { createFamilyTable } from './family-table.ts';
import type { PolicyInput } from './policy-groups.ts';
import { readTable } from './read-back.ts';
import { nftCommand, type NftRunner } from './run-nft.ts';

/** Options of {@link createNftables}. */
export interface NftablesOptions {
  /** The node: its endpoints are local, and its Pods are guarded. Default: all are. */
  readonly nodeName?: string;
  /** The cluster's Pod addresses. Connections from elsewhere are masqueraded, unless their Service keeps the client's address. */
  readonly podCidrs: readonly string[];
  /** Default: both. */
  readonly families?: readonly IpFamily[];
  /** The tables' name; nothing else is touched. Default: `kybern`. */
  readonly table?: string;
  /** A bit of packets' marks that nobody else uses. Default: 0x8000. */
  readonly keepSourceMark?: number;
  /** Default: the command `nft`. */
  readonly nft?: NftRunner;
  readonly clock?: Clock;
  readonly logger?: Logger;
}

/** Keeps the kernel's tables as Services and NetworkPolicies want them. */
export interface Nftables {
  /** Replaces the rules of a Service, `namespace/name`: what `serviceRules` computes for it. */
  readonly setService: (key: string, rules: readonly ServiceRule[]) => void;
  readonly removeService: (key: string) => void;
  /** Replaces the policies and the Pods that they are about. @throws {ApiError} `BadRequest` on a malformed selector; then nothing changes */
  readonly setPolicies: (input: Omit<PolicyInput, 'nodeName'>) => void;
  /** Resolves when everything that was set before is in the kernel. */
  readonly applied: () => Promise<void>;
  /**
   * Brings the kernel's tables to what is set, from what they hold: what is right already stays, and so do connections. Then applies every change,
   * all that come while nft runs together, until `signal` aborts. The tables stay; see {@link Nftables.remove}.
   */
  readonly run: (signal: AbortSignal) => Promise<void>;
  /** Deletes the tables. @throws {NftError} */
  readonly remove: () => Promise<void>;
}

const RETRY_MS = [1000, 5000, 30_000];

/** A data plane in the kernel; it does nothing before {@link Nftables.run}. Set what exists before that, or it is taken away first. */
export function createNftables(options: NftablesOptions): Nftables {
  const { families = ['IPv4', 'IPv6'], table = 'kybern', keepSourceMark = 0x8000, nft = nftCommand(), clock = systemClock(), logger = noopLogger } = options;
  const tables = families.map((family) => ({ family, wanted: createFamilyTable(family, { ...options, nodeName: options.nodeName, table, keepSourceMark }) }));
  const waiting: (() => void)[] = [];
  let wake = (): void => undefined;
  let inKernel = false;

  const reconcile = async (): Promise<void> => {
    for (const { family, wanted } of tables) {
      const json = await nft.list(NFT_FAMILY[family], table);
      for (const script of wanted.reconcile(json === undefined ? undefined : readTable(json))) await nft.apply(script);
    }
    inKernel = true;
  };
  /** What changed in both families goes in one transaction, if it is no more than one in each. */
  const applyChanges = async (): Promise<void> => {
    const scripts = tables.map(({ wanted }) => wanted.takeChanges());
    inKernel = false; // until it is known to be
    if (scripts.every((each) => each.length <= 1)) {
      const script = scripts.flat().join('');
      if (script !== '') await nft.apply(script);
    } else for (const script of scripts.flat()) await nft.apply(script);
    inKernel = true;
  };
  const hasPending = (): boolean => tables.some(({ wanted }) => wanted.hasPending());
  const round = async (signal: AbortSignal): Promise<void> => {
    if (!inKernel) await reconcile();
    while (hasPending() && !signal.aborted) await applyChanges();
    for (const done of waiting.splice(0)) done();
  };
  const changed = (change: () => void): void => {
    change();
    wake();
  };
  return {
    setService: (key, rules) => changed(() => tables.forEach(({ wanted }) => wanted.setService(key, rules))),
    removeService: (key) => changed(() => tables.forEach(({ wanted }) => wanted.setService(key, []))),
    setPolicies: (input) => changed(() => tables.forEach(({ wanted }) => wanted.setPolicies({ ...input, nodeName: options.nodeName }))),
    applied: () =>
      new Promise((resolve) => {
        waiting.push(resolve);
        wake();
      }),
    run: async (signal) => {
      signal.throwIfAborted();
      for (let failures = 0; !signal.aborted; ) {
        const woken = new Promise<void>((resolve) => (wake = resolve));
        try {
          await round(signal);
          failures = 0;
          if (!hasPending() && waiting.length === 0) await Promise.race([woken, aborted(signal)]);
        } catch (error) {
          logger.error('the tables could not be brought up to date; they will be read and tried again', { error });
          await sleep(clock, RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)] ?? 0, { signal }).catch(() => undefined);
        }
      }
    },
    remove: async () => {
      for (const { family } of tables) await nft.apply(`add table ${NFT_FAMILY[family]} ${table}\ndelete table ${NFT_FAMILY[family]} ${table}\n`);
    },
  };
}

/** Resolves at once when it was aborted before. */
const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true })));
