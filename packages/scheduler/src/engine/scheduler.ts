import { randomInt, systemRandom, type Random } from '@kybern/core';
import type { Pod } from '@kybern/core/kinds';
import type { NodeInfo } from '../cluster/node-info.ts';
import { SchedulerConfigError } from '../errors.ts';
import { defaultPlugins } from '../plugins/default-plugins.ts';
import { AnswerTables, NOTHING_SIGNED, type Signed } from './answer-table.ts';
import { filterInBulk } from './bulk-filter.ts';
import { Cycle, listBins, type BinSelection } from './cycle.ts';
import type { CycleState } from './cycle-state.ts';
import type { Decision, ScheduleOptions } from './decision.ts';
import { diagnosisMessage, noteRejection, type Diagnosis } from './diagnosis.ts';
import { explainItem, type Explanation } from './explanation.ts';
import { activeFilters, filterBins, type ActiveFilters, type FilterRange, type Filtering } from './filtering.ts';
import { NameSets } from './name-sets.ts';
import type { Plugin, PostFilterContext } from './plugin.ts';
import { runPostFilters } from './post-filtering.ts';
import { runPreFilters, type PreFiltering } from './pre-filtering.ts';
import { compileProfile, type PluginOrder, type Profile } from './profile.ts';
import { bestOfRanking, searchRanking, type RankedSearch } from './ranked-search.ts';
import { feasibleBinsToFind } from './sampling.ts';
import { runPreScores, scoreBins, scoreBinsBut } from './scoring.ts';
import { Scratch } from './scratch.ts';
import { selectLargest } from './selection.ts';
import type { Bin, Snapshot } from './snapshot.ts';
import { tableMemo } from './table-memo.ts';
import { isStatus, messageOf, success, unresolvable, unschedulable, type Status } from './status.ts';
import { BinWhatIf } from './what-if.ts';

/** Options of {@link createScheduler}. */
export interface SchedulerOptions<Item, B extends Bin> {
  /** Default {@link defaultPlugins}: Pods on nodes. */
  readonly plugins?: readonly Plugin<Item, B>[];
  /** Where extension points ask the plugins in another order than theirs in `plugins`. */
  readonly order?: PluginOrder;
  /** Chooses among equally good bins, by a generator of its own for each item: the same item, snapshot and seed give the same bin. Default: the system's. */
  readonly random?: Random;
  /** How many percent of the bins must be found feasible before the search ends; 0 (the default) adapts to their number, 100 looks at all. */
  readonly percentageOfNodesToScore?: number;
  /** Names an item, for its random generator. Default: `metadata.uid`, or its namespace and name, or its `name`. */
  readonly keyOf?: (item: Item) => string;
  /** Use answers of signed plugins again while bins do not change. Never changes a decision; default true. */
  readonly reuseAnswers?: boolean;
}

/** Decides where items go. */
export interface Scheduler<Item, B extends Bin> {
  readonly profile: Profile<Item, B>;
  /**
   * Decides where `item` goes. Synchronous; changes neither the item nor the snapshot, and never throws for anything that a plugin does: that is a
   * `status` of code `Error`.
   */
  schedule(item: Item, snapshot: Snapshot<B>, options?: ScheduleOptions): Decision<Item, B>;
  /** Every plugin's answer for every bin, all bins compared. */
  explain(item: Item, snapshot: Snapshot<B>): Explanation;
}

/**
 * Makes a scheduler: Kubernetes' scheduling cycle as a pure function of an item and a snapshot of bins.
 *
 * @throws {SchedulerConfigError} when the plugins or the percentage are not valid
 * @example
 * const { node } = createScheduler({ plugins: [fits, spread] }).schedule(job, { nodes: machines });
 * @see kubernetes v1.36 pkg/scheduler/schedule_one.go (schedulePod)
 */
export function createScheduler(options?: SchedulerOptions<Pod, NodeInfo>): Scheduler<Pod, NodeInfo>;
export function createScheduler<Item, B extends Bin>(options: SchedulerOptions<Item, B>): Scheduler<Item, B>;
export function createScheduler<Item, B extends Bin>(options: SchedulerOptions<Item, B> = {}): Scheduler<Item, B> {
  return new Engine(options);
}

/** One search for a bin, as far as it has come. */
interface Attempt<Item, B extends Bin> {
  readonly item: Item;
  readonly snapshot: Snapshot<B>;
  readonly options: ScheduleOptions;
  readonly cycle: Cycle<B>;
}

interface Progress<B extends Bin> {
  /** The bins that were to be looked at, and where that began. */
  readonly bins: readonly B[];
  readonly start: number;
  readonly evaluated: number;
  readonly feasible: number;
}

/** The slot of the scratch arrays for bins found through a ranking: the same as for those that the filters find. */
const RANKED = 0;

const NOTHING_FOUND: Progress<never> = { bins: [], start: 0, evaluated: 0, feasible: 0 };

class Engine<Item, B extends Bin> implements Scheduler<Item, B> {
  readonly profile: Profile<Item, B>;
  readonly #order: PluginOrder | undefined;
  readonly #random: Random;
  readonly #percentage: number;
  readonly #keyOf: (item: Item) => string;
  readonly #tables: AnswerTables<Item, B> | undefined;
  readonly #scratch = new Scratch();
  readonly #preFilterSets: NameSets;
  readonly #preScoreSets: NameSets;

  constructor(options: SchedulerOptions<Item, B>) {
    const percentage = options.percentageOfNodesToScore ?? 0;
    if (!(Number.isInteger(percentage) && percentage >= 0 && percentage <= 100)) {
      throw new SchedulerConfigError('percentageOfNodesToScore', 'must be a whole number from 0 to 100');
    }
    this.profile = compileProfile(options.plugins ?? (defaultPlugins() as unknown as readonly Plugin<Item, B>[]), options.order);
    this.#preFilterSets = new NameSets(this.profile.preFilter);
    this.#preScoreSets = new NameSets(this.profile.preScore);
    this.#order = options.order;
    this.#percentage = percentage;
    this.#random = options.random ?? systemRandom();
    this.#keyOf = options.keyOf ?? defaultKey;
    this.#tables = options.reuseAnswers === false ? undefined : new AnswerTables(this.profile);
  }

  schedule(item: Item, snapshot: Snapshot<B>, options: ScheduleOptions = {}): Decision<Item, B> {
    const attempt: Attempt<Item, B> = { item, snapshot, options, cycle: new Cycle(snapshot, false) };
    // Differs from Kubernetes: it tries again with back-off for ever; here the attempt waits for the first bin, the event of whoever registered for it.
    const everyPlugin = (): Set<string> => new Set(this.profile.plugins.map(({ name }) => name));
    if (snapshot.nodes.length === 0)
      return this.#nowhere(attempt, { ...emptyDiagnosis(0), unschedulablePlugins: everyPlugin() }, { ...NOTHING_FOUND, skipped: new Set() });
    const before = runPreFilters(this.profile, item, { cycle: attempt.cycle, sets: this.#preFilterSets });
    if (before.status?.code === 'Error') return this.#failed(attempt, before.status, NOTHING_FOUND);
    if (before.status !== undefined) {
      return this.#nowhere(attempt, preFilterDiagnosis(snapshot, before.status), { ...NOTHING_FOUND, skipped: before.skipped });
    }
    const signed = this.#signedAnswers(attempt, before);
    if (isStatus(signed)) return this.#failed(attempt, signed, NOTHING_FOUND);
    return this.#search(attempt, before, signed);
  }

  explain(item: Item, snapshot: Snapshot<B>): Explanation {
    const order = this.#order === undefined ? {} : { order: this.#order };
    const all = new Engine<Item, B>({ plugins: this.profile.plugins, ...order, random: this.#random, percentageOfNodesToScore: 100, keyOf: this.#keyOf });
    return all.schedule(item, snapshot).explain;
  }

  /** Answers are worth keeping when many bins are looked at. */
  #signedAnswers({ item, snapshot }: Attempt<Item, B>, { binNames }: PreFiltering): Signed | Status {
    const few = binNames !== undefined && isFew(binNames, snapshot);
    return this.#tables === undefined || few ? NOTHING_SIGNED : this.#tables.find(item, snapshot);
  }

  #search(attempt: Attempt<Item, B>, before: PreFiltering, signed: Signed): Decision<Item, B> {
    const { item, snapshot, cycle, options } = attempt;
    const filters = activeFilters(this.profile, { item, cycle, signed, skipped: before.skipped });
    const bins = before.binNames === undefined ? snapshot.nodes : namedBins(snapshot, before.binNames);
    const range = { bins, start: options.startIndex ?? 0, wanted: this.#wanted(bins.length), scratch: this.#scratch };
    const nominated = tryNominated(filters, range, options);
    const ranked = nominated === undefined ? searchRanking(filters, range) : undefined;
    // The ranking does not know why: for that all bins are looked at.
    if (ranked !== undefined && ranked.window.feasible > 0) return this.#fromRanking(attempt, ranked, signed);
    const found = nominated ?? filterInBulk(filters, range) ?? filterBins(filters, range);
    const { feasible, rejected, failure } = found;
    const progress = { bins: feasible.bins, start: range.start, evaluated: feasible.count + rejected.count, feasible: feasible.count };
    if (failure !== undefined) return this.#failed(attempt, failure, progress);
    if (feasible.count === 0) return this.#nowhere(attempt, filterDiagnosis(snapshot, before, found), { ...progress, skipped: before.skipped, signed });
    cycle.select(feasible);
    if (feasible.count === 1) return this.#chosen(attempt, binAt(feasible, 0), progress);
    const scoring = { profile: this.profile, item, cycle, signed, scratch: this.#scratch, sets: this.#preScoreSets };
    return this.#largest(attempt, scoreBins(scoring), progress);
  }

  /** The same decision from what is known of all bins. */
  #fromRanking(attempt: Attempt<Item, B>, search: RankedSearch<Item, B>, signed: Signed): Decision<Item, B> {
    const { item, cycle } = attempt;
    const { ranking, window } = search;
    const { bins } = ranking;
    const progress = { bins, ...window };
    const list = (): BinSelection<B> => {
      const positions = this.#scratch.integers(RANKED, window.feasible);
      ranking.listInto(window, positions);
      return { bins, positions, count: window.feasible };
    };
    cycle.selectLater(list);
    if (window.feasible === 1) return this.#chosen(attempt, binAt(cycle.selection, 0), progress);
    const scoring = { profile: this.profile, item, cycle, signed, scratch: this.#scratch, sets: this.#preScoreSets };
    const skipped = runPreScores(scoring);
    if (isStatus(skipped)) return this.#failed(attempt, skipped, progress);
    const choose = (ties: number): number => randomInt(this.#random.fork(this.#keyOf(item)), ties);
    const position = bestOfRanking(search, scoring, { skipped, choose });
    if (position !== undefined) return this.#chosen(attempt, bins[position] as B, progress);
    return this.#largest(attempt, scoreBinsBut(scoring, skipped), progress);
  }

  /** One of the selected bins of the largest total. */
  #largest(attempt: Attempt<Item, B>, totals: Float64Array | Status, progress: Progress<B>): Decision<Item, B> {
    const { item, cycle } = attempt;
    if (!(totals instanceof Float64Array)) return this.#failed(attempt, totals, progress);
    const index = selectLargest(totals, () => this.#random.fork(this.#keyOf(item)));
    return this.#chosen(attempt, binAt(cycle.selection, index), progress);
  }

  #wanted(bins: number): number {
    return this.profile.score.length === 0 ? 1 : feasibleBinsToFind(bins, this.#percentage);
  }

  #chosen(attempt: Attempt<Item, B>, bin: B, progress: Progress<B>): Decision<Item, B> {
    return this.#decision(attempt, progress, { ...NO_OUTCOME, node: bin.name, status: success() });
  }

  #failed(attempt: Attempt<Item, B>, status: Status, progress: Progress<B>): Decision<Item, B> {
    return this.#decision(attempt, progress, { ...NO_OUTCOME, status, message: messageOf(status) });
  }

  #nowhere(
    attempt: Attempt<Item, B>,
    found: Diagnosis<B>,
    progress: Progress<B> & Pick<PreFiltering, 'skipped'> & { readonly signed?: Signed },
  ): Decision<Item, B> {
    const { item } = attempt;
    const after = runPostFilters(this.profile, item, { diagnosis: found, cycle: this.#postFilterContext(attempt, progress) });
    if (after.status?.code === 'Error') return this.#failed(attempt, after.status, progress);
    const diagnosis = { ...found, postFilterMessage: after.message };
    const message = diagnosisMessage(diagnosis);
    const { victims, nominatedNodeName } = after;
    return this.#decision(attempt, progress, { node: undefined, status: unschedulable(message), message, diagnosis, victims, nominatedNodeName });
  }

  #postFilterContext(
    { item, snapshot, cycle }: Attempt<Item, B>,
    { skipped, signed = NOTHING_SIGNED }: { readonly skipped: ReadonlySet<string>; readonly signed?: Signed },
  ): PostFilterContext<Item, B> {
    const filters = activeFilters(this.profile, { item, cycle, signed: NOTHING_SIGNED, skipped });
    const random = (): Random => this.#random.fork(`${this.#keyOf(item)}/post-filter`);
    return {
      snapshot,
      state: cycle.state,
      feasible: [],
      explaining: cycle.explaining,
      memo: tableMemo(this.profile, { item, snapshot, signed, skipped }),
      get random() {
        return random();
      },
      whatIf(bin) {
        const trial = snapshot.trial?.();
        return trial === undefined ? undefined : new BinWhatIf(filters, bin, trial);
      },
    };
  }

  #decision(attempt: Attempt<Item, B>, progress: Progress<B>, outcome: Outcome<Item, B>): Decision<Item, B> {
    return new EngineDecision(this.profile, attempt, { ...progress, ...outcome });
  }
}

/** What {@link Decision} adds to the progress of the search. */
type Outcome<Item, B extends Bin> = Pick<Decision<Item, B>, 'node' | 'status' | 'message' | 'diagnosis' | 'victims' | 'nominatedNodeName'>;

const NO_OUTCOME = { node: undefined, message: '', diagnosis: undefined, victims: [], nominatedNodeName: undefined } as const;

class EngineDecision<Item, B extends Bin> implements Decision<Item, B> {
  readonly node: string | undefined;
  readonly status: Status;
  readonly message: string;
  readonly diagnosis: Diagnosis<B> | undefined;
  readonly nominatedNodeName: string | undefined;
  readonly victims: readonly Item[];
  readonly evaluated: number;
  readonly feasible: number;
  readonly nextStartIndex: number;
  readonly #profile: Profile<Item, B>;
  readonly #attempt: Attempt<Item, B>;
  readonly #progress: Progress<B>;
  #explanation: Explanation | undefined;

  constructor(profile: Profile<Item, B>, attempt: Attempt<Item, B>, result: Progress<B> & Outcome<Item, B>) {
    const bins = attempt.snapshot.nodes.length;
    this.node = result.node;
    this.status = result.status;
    this.message = result.message;
    this.diagnosis = result.diagnosis;
    this.nominatedNodeName = result.nominatedNodeName;
    this.victims = result.victims;
    this.evaluated = result.evaluated;
    this.feasible = result.feasible;
    this.nextStartIndex = bins === 0 ? 0 : ((attempt.options.startIndex ?? 0) + result.evaluated) % bins;
    this.#profile = profile;
    this.#attempt = attempt;
    this.#progress = result;
  }

  get state(): CycleState {
    return this.#attempt.cycle.state;
  }

  get explain(): Explanation {
    const { item, snapshot } = this.#attempt;
    const { bins, start, evaluated } = this.#progress;
    const looked = Array.from({ length: evaluated }, (_, index) => bins[(start + index) % bins.length] as B);
    const compared = this.feasible > 0 ? { compared: looked } : {};
    this.#explanation ??= explainItem({ profile: this.#profile, item, snapshot, chosen: this.node, ...compared });
    return this.#explanation;
  }
}

function isFew<B extends Bin>(names: ReadonlySet<string>, { nodes }: Snapshot<B>): boolean {
  return names.size * 8 < nodes.length;
}

/** The bins of these names, as far as there are such. */
function namedBins<B extends Bin>(snapshot: Snapshot<B>, names: ReadonlySet<string>): readonly B[] {
  if (snapshot.get === undefined || !isFew(names, snapshot)) return snapshot.nodes.filter((bin) => names.has(bin.name));
  return [...names].flatMap((name) => snapshot.get?.(name) ?? []);
}

/** A bin that was promised to the item goes before all others. */
function tryNominated<Item, B extends Bin>(filters: ActiveFilters<Item, B>, range: FilterRange<B>, options: ScheduleOptions): Filtering<B> | undefined {
  if (options.nominatedNodeName === undefined) return undefined;
  const { nodes, get } = filters.cycle.snapshot;
  const named = range.bins === nodes ? get?.call(filters.cycle.snapshot, options.nominatedNodeName) : undefined;
  const nominated = named === undefined ? range.bins.filter((bin) => bin.name === options.nominatedNodeName) : [named];
  const found = filterBins(filters, { ...range, bins: nominated, wanted: 1 });
  return found.feasible.count > 0 || found.failure !== undefined ? found : undefined;
}

function binAt<B extends Bin>({ bins, positions }: BinSelection<B>, index: number): B {
  return bins[positions[index] as number] as B;
}

function emptyDiagnosis<B extends Bin>(binCount: number): Diagnosis<B> {
  return {
    binCount,
    rejected: new Map(),
    others: undefined,
    rejectedBins: [],
    preFilterMessage: '',
    postFilterMessage: '',
    unschedulablePlugins: new Set(),
    pendingPlugins: new Set(),
  };
}

function preFilterDiagnosis<B extends Bin>(snapshot: Snapshot<B>, status: Status): Diagnosis<B> {
  const plugins = { unschedulable: new Set<string>(), pending: new Set<string>() };
  noteRejection(status, plugins);
  return {
    ...emptyDiagnosis(snapshot.nodes.length),
    others: status,
    preFilterMessage: messageOf(status),
    unschedulablePlugins: plugins.unschedulable,
    pendingPlugins: plugins.pending,
  };
}

function filterDiagnosis<B extends Bin>(snapshot: Snapshot<B>, before: PreFiltering, found: Filtering<B>): Diagnosis<B> {
  const plugins = { unschedulable: new Set<string>(before.narrowedBy), pending: new Set<string>() };
  const rejected = new Map<string, Status>();
  const rejectedBins = listBins(found.rejected);
  rejectedBins.forEach((bin, index) => {
    const status = found.statuses[index] as Status;
    rejected.set(bin.name, status);
    noteRejection(status, plugins);
  });
  const others = before.narrowedBy.length === 0 ? undefined : unresolvable(`node(s) didn't satisfy plugin(s) [${before.narrowedBy.join(' ')}]`);
  return {
    ...emptyDiagnosis(snapshot.nodes.length),
    rejected,
    rejectedBins,
    others,
    unschedulablePlugins: plugins.unschedulable,
    pendingPlugins: plugins.pending,
  };
}

function defaultKey(item: unknown): string {
  const { metadata, name } = item as { metadata?: { uid?: string; namespace?: string; name?: string }; name?: unknown };
  if (metadata !== undefined) return metadata.uid ?? `${metadata.namespace ?? ''}/${metadata.name ?? ''}`;
  return typeof name === 'string' ? name : '';
}
