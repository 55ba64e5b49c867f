/** What went wrong, for callers that act on it. */
export type AllocationErrorCode = 'Exhausted' | 'InUse' | 'OutOfRange' | 'InvalidAddress';

/** Fields of {@link AllocationError}. */
export interface AllocationErrorDetails {
  readonly code: AllocationErrorCode;
  /** What is handed out: `IP address`, `port`, `pod CIDR`. */
  readonly resource: string;
  /** The range it is handed out from, as `10.96.0.0/12` or `30000-32767`. */
  readonly range: string;
  /** How many the range holds. */
  readonly size?: bigint;
  /** What was asked for, where something in particular was. */
  readonly value?: string;
}

/**
 * An address, port or CIDR could not be handed out. `code` tells the cases apart:
 * `Exhausted` and `InUse` can be retried after something was released, the others cannot.
 */
export class AllocationError extends Error {
  override readonly name = 'AllocationError';
  readonly code: AllocationErrorCode;
  readonly resource: string;
  readonly range: string;
  readonly size: bigint | undefined;
  readonly value: string | undefined;

  constructor(details: AllocationErrorDetails) {
    super(describe(details));
    this.code = details.code;
    this.resource = details.resource;
    this.range = details.range;
    this.size = details.size;
    this.value = details.value;
  }
}

/** Whether `error` is an {@link AllocationError}, of any installation of this package. */
export function isAllocationError(error: unknown): error is AllocationError {
  return error instanceof Error && error.name === 'AllocationError' && 'code' in error;
}

function describe({ code, resource, range, size, value }: AllocationErrorDetails): string {
  const plural = `${resource}${resource.endsWith('s') ? 'es' : 's'}`;
  switch (code) {
    case 'Exhausted':
      return `no ${resource} left in ${range}: all ${size ?? 0n} are in use`;
    case 'InUse':
      return `${resource} ${value} is already allocated`;
    case 'OutOfRange':
      return `${resource} ${value} is not in the valid range. The range of valid ${plural} is ${range}`;
    case 'InvalidAddress':
      return `${value} is not a valid ${resource}`;
  }
}

/** A question names a Pod or node that is not among the objects. */
export class UnknownEndError extends Error {
  override readonly name = 'UnknownEndError';
}
