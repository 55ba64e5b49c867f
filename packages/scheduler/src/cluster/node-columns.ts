import { VolumeCounts } from './volume-counts.ts';

/** Amounts of all nodes side by side, one array per amount, indexed by row. */
export interface Columns {
  allocatableCpuMillis: Float64Array;
  allocatableMemoryBytes: Float64Array;
  allocatableEphemeralStorageBytes: Float64Array;
  allocatablePods: Float64Array;
  requestedCpuMillis: Float64Array;
  requestedMemoryBytes: Float64Array;
  requestedEphemeralStorageBytes: Float64Array;
  nonZeroCpuMillis: Float64Array;
  nonZeroMemoryBytes: Float64Array;
  podCount: Float64Array;
  version: Float64Array;
}

/** An extended resource: how much each node has, and how much of it its Pods request. */
export interface ExtendedColumn {
  allocatable: Float64Array;
  requested: Float64Array;
}

/** The writable side of a change log. Invariant: `oldest` never falls, also when the log is rewound over entries that were written over. */
interface Log {
  count: number;
  oldest: number;
  readonly rows: Int32Array;
}

const LOG_LENGTH = 8192;

const NAMES: readonly (keyof Columns)[] = [
  'allocatableCpuMillis',
  'allocatableMemoryBytes',
  'allocatableEphemeralStorageBytes',
  'allocatablePods',
  'requestedCpuMillis',
  'requestedMemoryBytes',
  'requestedEphemeralStorageBytes',
  'nonZeroCpuMillis',
  'nonZeroMemoryBytes',
  'podCount',
  'version',
];

/**
 * The numbers of all nodes, one row per node, so that filters and scores read numbers and nothing else. Rows of nodes that went are used again.
 * Invariant: a row that belongs to no node is all zero except for its version, which never falls.
 */
export class NodeColumns {
  /** The columns; the arrays are replaced when the table grows, so they are not to be kept over an {@link allocate}. */
  readonly fixed: Columns;
  readonly extended: Map<string, ExtendedColumn> = new Map();
  readonly volumes: VolumeCounts = new VolumeCounts();
  /** Which rows changed last. Rewound by whoever takes changes back. */
  readonly log: Log = { count: 0, oldest: 0, rows: new Int32Array(LOG_LENGTH) };
  readonly #free: number[] = [];
  #capacity: number;
  #rows = 0;
  #tick = 0;

  constructor(capacity = 16) {
    this.#capacity = capacity;
    this.fixed = mapColumns(() => new Float64Array(capacity));
  }

  /** A zeroed row. */
  allocate(): number {
    const row = this.#free.pop() ?? this.#rows++;
    if (row >= this.#capacity) this.#grow();
    return row;
  }

  release(row: number): void {
    for (const name of NAMES) if (name !== 'version') this.fixed[name][row] = 0;
    for (const column of this.extended.values()) column.allocatable[row] = column.requested[row] = 0;
    this.touch(row);
    this.#free.push(row);
  }

  /** Marks a row as changed. */
  touch(row: number): void {
    this.fixed.version[row] = ++this.#tick;
    const { log } = this;
    log.rows[++log.count % LOG_LENGTH] = row;
    if (log.count - LOG_LENGTH > log.oldest) log.oldest = log.count - LOG_LENGTH;
  }

  /** Forgets the changes after the first `count`, which have all been taken back. */
  rewind(count: number): void {
    this.log.count = count;
  }

  /** The row's present version, to be given back to {@link restore}. */
  version(row: number): number {
    return this.fixed.version[row] as number;
  }

  /** Says that a row is again as it was when it had this version. */
  restore(row: number, version: number): void {
    this.fixed.version[row] = version;
  }

  extendedColumn(name: string): ExtendedColumn {
    let column = this.extended.get(name);
    if (column === undefined) {
      column = { allocatable: new Float64Array(this.#capacity), requested: new Float64Array(this.#capacity) };
      this.extended.set(name, column);
    }
    return column;
  }

  #grow(): void {
    this.#capacity = Math.max(16, this.#capacity * 2);
    Object.assign(
      this.fixed,
      mapColumns((name) => enlarge(this.fixed[name], this.#capacity)),
    );
    for (const column of this.extended.values()) {
      column.allocatable = enlarge(column.allocatable, this.#capacity);
      column.requested = enlarge(column.requested, this.#capacity);
    }
  }
}

function mapColumns(make: (name: keyof Columns) => Float64Array): Columns {
  return Object.fromEntries(NAMES.map((name) => [name, make(name)])) as unknown as Columns;
}

function enlarge(column: Float64Array, capacity: number): Float64Array {
  const larger = new Float64Array(capacity);
  larger.set(column);
  return larger;
}
