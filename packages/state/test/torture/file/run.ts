import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { seededRandom, randomInt, type Random } from '@kybern/core';
import { backupState, openFileStore, restoreState, verifyState } from '@kybern/state/file';
import { checkHistory, type Operation, type Told } from '../model.ts';
import { FAULT_KINDS, type FaultPlan } from './faulty-disk.ts';
import type { Answer, Message, Request, ServerOptions } from './protocol.ts';

/** Options of {@link tortureFileStore}. */
export interface TortureOptions {
  readonly seed: string;
  /** How many processes are killed, or their disks broken. */
  readonly rounds: number;
  readonly writers?: number;
  readonly watchers?: number;
  readonly onRound?: (round: number, fault: string) => void;
}

/** What a torture came to. */
export interface TortureReport {
  /** What is wrong; empty when nothing is. */
  readonly problems: readonly string[];
  /** How often each fault was tried. */
  readonly faults: Readonly<Record<string, number>>;
  readonly operations: number;
  readonly acknowledged: number;
  /** Writes of which nobody knew whether they had been done. */
  readonly unknown: number;
  readonly revisions: number;
  readonly tornTails: number;
  /** How many segments were cleaned away. */
  readonly cleaned: number;
}

const KEYS = Array.from({ length: 12 }, (_, at) => `/registry/things/k${at}`);
/** Small, so that segments are cleaned; a round has fewer writes, so that watchers can always resume. */
const HISTORY = 400;
const ROUND_OPERATIONS = 320;
const SEGMENT_BYTES = 16_384;
/** After so long a process that was to be killed by a fault, and never came to it, is killed all the same. */
const MAX_ROUND_MS = 250;

/** A server process. */
class Server {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: Answer | undefined) => void>();
  readonly closed: Promise<unknown>;
  #id = 0;

  constructor(options: ServerOptions, onMessage: (message: Message) => void) {
    this.#child = fork(fileURLToPath(new URL('server.ts', import.meta.url)), [JSON.stringify(options)], {
      execArgv: ['--disable-warning=ExperimentalWarning', '--conditions=@kybern/source'],
      stdio: 'inherit',
    });
    this.closed = once(this.#child, 'close').then(() => {
      for (const resolve of this.#waiting.values()) resolve(undefined);
      this.#waiting.clear();
    });
    this.#child.on('message', (message: Message) => {
      if (message.type !== 'answer') return onMessage(message);
      this.#waiting.get(message.id)?.(message.answer);
      this.#waiting.delete(message.id);
    });
    this.#child.on('error', () => undefined);
  }

  /** Resolves with undefined when the process ended before it answered. */
  ask(request: Request extends infer R ? (R extends Request ? Omit<R, 'id'> : never) : never): Promise<Answer | undefined> {
    const id = (this.#id += 1);
    return new Promise((resolve) => {
      if (!this.#child.connected) return resolve(undefined);
      this.#waiting.set(id, resolve);
      this.#child.send({ ...request, id }, (error) => {
        if (error !== null && this.#waiting.delete(id)) resolve(undefined);
      });
    });
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

/**
 * Writes to, reads from and watches a durable store in a process that is killed again and again, at random instants and in the middle of writes, flushes,
 * cleanings and backups, and whose disk fails; then holds everything that was seen against what a store promises.
 */
export async function tortureFileStore(options: TortureOptions): Promise<TortureReport> {
  const root = await mkdtemp(join(tmpdir(), 'kybern-torture-'));
  try {
    return await new Torture(root, options).run();
  } finally {
    await rm(root, { recursive: true, force: true, maxRetries: 5 });
  }
}

class Torture {
  readonly #options: TortureOptions;
  readonly #root: string;
  readonly #directory: string;
  readonly #random: Random;
  readonly #operations: Operation[] = [];
  readonly #log: Told[] = [];
  readonly #told = new Map<string, Told[]>();
  readonly #problems: string[] = [];
  readonly #faults: Record<string, number> = {};
  /** What the keys were last seen to have, for compares that may hold. */
  readonly #seen = new Map<string, number>();
  #revision = 0;
  #tornTails = 0;
  #values = 0;

  constructor(root: string, options: TortureOptions) {
    this.#root = root;
    this.#directory = join(root, 'state');
    this.#options = options;
    this.#random = seededRandom(options.seed);
    for (let at = 0; at < (options.watchers ?? 3); at += 1) this.#told.set(`w${at}`, []);
  }

  async run(): Promise<TortureReport> {
    await (await openFileStore({ directory: this.#directory }))[Symbol.asyncDispose]();
    for (let round = 1; round <= this.#options.rounds && this.#problems.length === 0; round += 1) await this.#round(round);
    await this.#inspect();
    const watchers = [...this.#told].map(([name, told]) => ({ name, from: 0, until: told.at(-1)?.revision ?? 0, told }));
    this.#problems.push(...checkHistory({ operations: this.#operations, log: this.#log, from: 0, watchers }));
    const outcomes = this.#operations.map(({ outcome }) => outcome.type);
    return {
      problems: this.#problems,
      faults: this.#faults,
      operations: outcomes.length,
      acknowledged: outcomes.filter((type) => type === 'written').length,
      unknown: outcomes.filter((type) => type === 'unknown').length,
      revisions: this.#revision,
      tornTails: this.#tornTails,
      cleaned: await this.#cleaned(),
    };
  }

  async #round(round: number): Promise<void> {
    const fault = this.#plan();
    const name = fault?.kind ?? 'killed at a random instant';
    this.#options.onRound?.(round, name);
    this.#count(name);
    const stop = { now: false, left: ROUND_OPERATIONS };
    let kill: ReturnType<typeof setTimeout> | undefined;
    const killSoon = (afterMs: number): void => void (kill ??= setTimeout(() => server.kill(), afterMs));
    const server = this.#start(fault, (message) => {
      this.#hear(message);
      if (message.type === 'ready') killSoon(20 + randomInt(this.#random, MAX_ROUND_MS));
    });
    if (fault === undefined && this.#random.next() < 0.2) {
      this.#count('killed while it starts');
      killSoon(randomInt(this.#random, 400));
    }
    if (await this.#catchUp(server)) {
      const work = Array.from({ length: this.#options.writers ?? 8 }, (_, at) => this.#write(server, { stop, random: this.#random.fork(`${round}/${at}`) }));
      for (const [watcher, told] of this.#told) void server.ask({ do: 'watch', name: watcher, from: told.at(-1)?.revision ?? 0 });
      if (round % 5 === 0) {
        this.#count('a backup at the time');
        void server.ask({ do: 'backup', file: join(this.#root, 'backup') });
      }
      if (round % 3 === 0) void server.ask({ do: 'defragment' });
      await Promise.race([server.closed, ...work.map((worker) => worker.then(() => server.closed))]);
      stop.now = true;
    }
    await server.closed;
    clearTimeout(kill);
    await this.#spoil(round);
  }

  #plan(): FaultPlan | undefined {
    if (this.#random.next() < 0.35) return undefined;
    const kind = FAULT_KINDS[randomInt(this.#random, FAULT_KINDS.length)] as FaultPlan['kind'];
    return { kind, at: 1 + randomInt(this.#random, /manifest|segment|removed/.test(kind) ? 4 : 40), share: this.#random.next() };
  }

  #start(fault: FaultPlan | undefined, onMessage: (message: Message) => void): Server {
    return new Server({ directory: this.#directory, fault, historyLimit: HISTORY, segmentBytes: SEGMENT_BYTES }, onMessage);
  }

  #hear(message: Message): void {
    if (message.type === 'event') this.#told.get(message.watcher)?.push(message.told);
    if (message.type === 'ready') {
      if (message.tornBytes > 0) this.#tornTails += 1;
      if (message.revision < this.#revision) this.#problems.push(`the revision went back from ${this.#revision} to ${message.revision}`);
    }
    if (message.type === 'unusable' && !/injected|takes no more/.test(message.message)) this.#problems.push(`unusable: ${message.name}: ${message.message}`);
  }

  /** Reads what there is after a restart: it is the truth about what was done before. False when the process ended first. */
  async #catchUp(server: Server): Promise<boolean> {
    const answer = await server.ask({ do: 'log', from: this.#revision });
    if (answer?.type !== 'log') return false;
    this.#log.push(...answer.events);
    this.#revision = answer.revision;
    const replayed = new Map<string, Told>();
    for (const told of this.#log) {
      if (told.type === 'put') replayed.set(told.key, told);
      else replayed.delete(told.key);
    }
    const expected = [...replayed.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
    if (JSON.stringify(expected.map(fields)) !== JSON.stringify(answer.objects.map(fields))) {
      this.#problems.push(
        `at revision ${answer.revision} the objects are not what the log makes: ${JSON.stringify(answer.objects)} for ${JSON.stringify(expected)}`,
      );
    }
    return true;
  }

  async #write(server: Server, { stop, random }: { stop: { readonly now: boolean; left: number }; random: Random }): Promise<void> {
    for (let failures = 0; !stop.now && failures < 5 && stop.left > 0; stop.left -= 1) {
      const key = KEYS[randomInt(random, KEYS.length)] as string;
      const choice = random.next();
      const expect = random.next() < 0.5 ? (this.#seen.get(key) ?? 0) : undefined;
      const action: Operation['action'] =
        choice < 0.25 ? { type: 'get' } : choice < 0.4 ? { type: 'delete', expect } : { type: 'put', value: `v${(this.#values += 1)}`, expect };
      const startMs = performance.now();
      const answer = await server.ask(
        action.type === 'put' ? { do: 'put', key, value: action.value, expect } : action.type === 'delete' ? { do: 'delete', key, expect } : { do: 'get', key },
      );
      if (answer?.type === 'failed') failures += 1;
      this.#operations.push({ startMs, endMs: performance.now(), key, action, outcome: outcomeOf(answer) });
      if (answer === undefined) return;
      if (answer.type === 'written') this.#seen.set(key, action.type === 'put' ? (answer.revision as number) : 0);
      if (answer.type === 'read') this.#seen.set(key, answer.found?.revision ?? 0);
    }
  }

  /** Between two processes: damage that must be found, on a copy, and what a crash leaves at the end of the log, in place. */
  async #spoil(round: number): Promise<void> {
    if (round % 4 === 0) await this.#flip();
    if (round % 7 === 0) await this.#tear();
    if (round % 10 === 0) await this.#restore();
  }

  async #segments(directory: string): Promise<string[]> {
    return (await readdir(directory)).filter((name) => name.startsWith('segment-')).sort();
  }

  /** A flipped byte in what was acknowledged is found and named, and nothing is served. */
  async #flip(): Promise<void> {
    const copy = join(this.#root, 'flipped');
    await rm(copy, { recursive: true, force: true });
    await cp(this.#directory, copy, { recursive: true });
    // What is used of a copy is known once it was closed in good order.
    await (await openFileStore({ directory: copy, historyLimit: HISTORY, segmentBytes: SEGMENT_BYTES }))[Symbol.asyncDispose]();
    const names = await this.#segments(copy);
    const path = join(copy, names[randomInt(this.#random, names.length)] as string);
    const bytes = await readFile(path);
    let used = bytes.length;
    while (used > 0 && bytes[used - 1] === 0) used -= 1;
    const end = used - 96;
    if (end < 64) return;
    const at = randomInt(this.#random, end);
    bytes.writeUInt8((bytes[at] as number) ^ (1 << randomInt(this.#random, 8)), at);
    await writeFile(path, bytes);
    this.#count('a flipped byte');
    const error: unknown = await openFileStore({ directory: copy }).then(
      (store) => store[Symbol.asyncDispose](),
      (reason: unknown) => reason,
    );
    if ((error as { name?: string; path?: string } | undefined)?.name !== 'CorruptStateError' || (error as { path: string }).path !== path) {
      this.#problems.push(`a flipped byte at ${at} of ${path} (${used} used) was not named: ${String(error)}`);
    }
  }

  /** What is behind the last batch is no part of the state. */
  async #tear(): Promise<void> {
    const last = (await this.#manifest()).segments.at(-1) as number;
    const path = join(this.#directory, `segment-${String(last).padStart(8, '0')}`);
    const summary = await verifyState({ path: this.#directory }).catch(
      (error: unknown) => void this.#problems.push(`not sound after a kill: ${String(error)}`),
    );
    if (summary === undefined) return;
    this.#count('a torn tail');
    await appendFile(path, Buffer.from(Array.from({ length: 1 + randomInt(this.#random, 200) }, () => randomInt(this.#random, 256))));
  }

  /** A backup of what there is holds what there is. */
  async #restore(): Promise<void> {
    const [file, directory] = [join(this.#root, 'whole'), join(this.#root, 'restored')];
    await rm(directory, { recursive: true, force: true });
    this.#count('a backup restored');
    const { revision } = await backupState({ directory: this.#directory, file });
    await restoreState({ directory, file });
    await using store = await openFileStore({ directory, historyLimit: HISTORY });
    if (store.revision !== revision) this.#problems.push(`restored at revision ${store.revision}, backed up at ${revision}`);
    const { records } = await store.range('/');
    await using original = await openFileStore({ directory: this.#directory, historyLimit: HISTORY, segmentBytes: SEGMENT_BYTES });
    const there = (await original.range('/')).records;
    const textOf = (all: typeof records): string => JSON.stringify(all.map(({ key, modRevision, value }) => [key, modRevision, value]));
    if (textOf(records) !== textOf(there)) this.#problems.push(`a restored backup is another state`);
  }

  async #cleaned(): Promise<number> {
    const { next, segments } = await this.#manifest();
    return next - 1 - segments.length;
  }

  async #manifest(): Promise<{ readonly next: number; readonly segments: readonly number[] }> {
    const text = await readFile(join(this.#directory, 'manifest.json'), 'utf8');
    return (JSON.parse(text) as { kybernState: { next: number; segments: number[] } }).kybernState;
  }

  /** One last process without faults, from which the rest of the truth is read, and of which every watcher is told the rest. */
  async #inspect(): Promise<void> {
    const server = this.#start(undefined, (message) => this.#hear(message));
    if (!(await this.#catchUp(server))) this.#problems.push('the last process did not come up');
    for (const [name, told] of this.#told) void server.ask({ do: 'watch', name, from: told.at(-1)?.revision ?? 0 });
    const waited = performance.now() + 30_000;
    while ([...this.#told.values()].some((told) => (told.at(-1)?.revision ?? 0) < this.#revision) && performance.now() < waited)
      await new Promise((resolve) => setTimeout(resolve, 5));
    for (const [name, told] of this.#told)
      if ((told.at(-1)?.revision ?? 0) < this.#revision) this.#problems.push(`watcher ${name} was told up to ${told.at(-1)?.revision}, not ${this.#revision}`);
    await server.ask({ do: 'close' });
    server.kill();
    await server.closed;
  }

  #count(fault: string): void {
    this.#faults[fault] = (this.#faults[fault] ?? 0) + 1;
  }
}

const fields = ({ key, revision, value }: Told): unknown => [key, revision, value];

function outcomeOf(answer: Answer | undefined): Operation['outcome'] {
  switch (answer?.type) {
    case 'written':
    case 'refused':
    case 'read':
      return answer;
    default:
      return { type: 'unknown' };
  }
}
