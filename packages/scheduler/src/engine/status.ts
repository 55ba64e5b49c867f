/**
 * What a plugin can answer. `Unschedulable` may be cured by preemption, `UnschedulableAndUnresolvable` not; `Wait` is for Permit; `Skip` switches the
 * plugin's Filter (from PreFilter) or Score (from PreScore) off for this item, or passes a Bind on to the next plugin; `Pending` stops the attempt
 * without a back-off penalty.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/kube-scheduler/framework/interface.go (Code)
 */
export type StatusCode = 'Success' | 'Error' | 'Unschedulable' | 'UnschedulableAndUnresolvable' | 'Wait' | 'Skip' | 'Pending';

/** The answer of a plugin. "Does not fit" is an answer, never an exception. */
export interface Status {
  readonly code: StatusCode;
  /** Why, in words that are the same for all bins that fail for the same reason: they are counted. */
  readonly reasons: readonly string[];
  /** The plugin that answered; filled in by the framework. */
  readonly plugin?: string;
  /** With `Wait`: how long Permit may wait, in ms. Unset: 15 minutes, the longest allowed. */
  readonly timeoutMs?: number;
  /** Numbers behind the reasons, for explanations. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** With `Error`: what was thrown. */
  readonly cause?: unknown;
}

/** `undefined` counts as `Success`. */
export type StatusResult = Status | undefined;

const NO_REASONS: readonly string[] = Object.freeze([]);
const SUCCESS: Status = Object.freeze({ code: 'Success', reasons: NO_REASONS });
const SKIP: Status = Object.freeze({ code: 'Skip', reasons: NO_REASONS });

/** The item fits, as far as this plugin is concerned. */
export function success(): Status {
  return SUCCESS;
}

/** Nothing to do for this item: see {@link StatusCode}. */
export function skip(): Status {
  return SKIP;
}

/** Does not fit now; evicting something could help. */
export function unschedulable(...reasons: readonly string[]): Status {
  return { code: 'Unschedulable', reasons };
}

/** Does not fit, and evicting anything would not help. */
export function unresolvable(...reasons: readonly string[]): Status {
  return { code: 'UnschedulableAndUnresolvable', reasons };
}

/** Holds a Permit back until it is allowed, rejected or `timeoutMs` have passed. */
export function wait(timeoutMs?: number): Status {
  return timeoutMs === undefined ? { code: 'Wait', reasons: NO_REASONS } : { code: 'Wait', reasons: NO_REASONS, timeoutMs };
}

/** The attempt ends here by intent, and its next one goes ahead without back-off when an event says so. */
export function pending(...reasons: readonly string[]): Status {
  return { code: 'Pending', reasons };
}

/** Something went wrong inside the plugin: the attempt fails and is retried after back-off. */
export function failure(message: string, cause?: unknown): Status {
  return cause === undefined ? { code: 'Error', reasons: [message] } : { code: 'Error', reasons: [message], cause };
}

/** Whether the answer is `Success` (or `undefined`, which is the same). */
export function isSuccess(status: StatusResult): boolean {
  return status === undefined || status.code === 'Success';
}

/** Whether the plugin turned the item down: one of the three codes that an event can cure. */
export function isRejected(status: StatusResult): boolean {
  return status !== undefined && (status.code === 'Unschedulable' || status.code === 'UnschedulableAndUnresolvable' || status.code === 'Pending');
}

/** The reasons as one text. */
export function messageOf(status: StatusResult): string {
  return status === undefined ? '' : status.reasons.join(', ');
}

/** The same answer, with the plugin's name in it. */
export function withPlugin(status: Status, plugin: string): Status {
  return status.plugin === plugin ? status : { ...status, plugin };
}

const CODES: ReadonlySet<string> = new Set<StatusCode>(['Success', 'Error', 'Unschedulable', 'UnschedulableAndUnresolvable', 'Wait', 'Skip', 'Pending']);

/** Whether `value` has the shape of a {@link Status}. */
export function isStatus(value: unknown): value is Status {
  if (typeof value !== 'object' || value === null) return false;
  const { code, reasons } = value as Partial<Status>;
  return typeof code === 'string' && CODES.has(code) && Array.isArray(reasons) && reasons.every((reason) => typeof reason === 'string');
}
