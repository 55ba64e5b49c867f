import type { KubernetesObject } from '@kybern/core';

/** One write that somebody made to another cluster. */
export interface RecordedRequest {
  /** When, ms since the Unix epoch. */
  readonly atMs: number;
  readonly verb: 'create' | 'update' | 'patch' | 'delete';
  readonly group: string;
  readonly version: string;
  /** The plural name, such as `pods`. */
  readonly resource: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
  /** The object as it was sent, or as it was afterwards; of a patch without an answer the patch. */
  readonly body: KubernetesObject | undefined;
  /** The body is a patch. */
  readonly isPatch: boolean;
  /** The user, when the log says so. */
  readonly user: string | undefined;
  /** Where it stands in the log: the number of its line, from 1. */
  readonly line: number;
}

/** Options of `replayRecorded`. */
export interface ReplayRecordedOptions {
  /**
   * Which requests are made. Default: all but those of what a test cluster does by itself: nodes, scheduler, controller manager, and the controllers'
   * ServiceAccounts of `kube-system`.
   */
  readonly which?: (request: RecordedRequest) => boolean;
}

/** What came of a replay. */
export interface RecordedReport {
  /** How many requests were made. */
  readonly made: number;
  /** How many were left out by `which`. */
  readonly leftOut: number;
  /** Those that did not succeed here. */
  readonly failed: readonly { readonly request: RecordedRequest; readonly error: Error }[];
}
