import type { FaultPlan } from './faulty-disk.ts';
import type { Told } from '../model.ts';

/** What the server process is told at its start. */
export interface ServerOptions {
  readonly directory: string;
  readonly fault: FaultPlan | undefined;
  readonly historyLimit: number;
  readonly segmentBytes: number;
}

/** What the harness asks of the server process. */
export type Request =
  | { readonly id: number; readonly do: 'put'; readonly key: string; readonly value: string; readonly expect: number | undefined }
  | { readonly id: number; readonly do: 'delete'; readonly key: string; readonly expect: number | undefined }
  | { readonly id: number; readonly do: 'get'; readonly key: string }
  | { readonly id: number; readonly do: 'log'; readonly from: number }
  | { readonly id: number; readonly do: 'watch'; readonly name: string; readonly from: number }
  | { readonly id: number; readonly do: 'backup'; readonly file: string }
  | { readonly id: number; readonly do: 'defragment' }
  | { readonly id: number; readonly do: 'close' };

/** What a request came to. */
export type Answer =
  | { readonly type: 'written'; readonly revision: number | undefined }
  | { readonly type: 'refused' }
  /** The disk failed: nobody knows whether it was written. */
  | { readonly type: 'failed'; readonly message: string }
  | { readonly type: 'read'; readonly found: { readonly value: string; readonly revision: number } | undefined }
  | { readonly type: 'log'; readonly revision: number; readonly events: readonly Told[]; readonly objects: readonly Told[] }
  | { readonly type: 'done' };

/** What the server process says. */
export type Message =
  | { readonly type: 'ready'; readonly revision: number; readonly tornBytes: number }
  | { readonly type: 'unusable'; readonly name: string; readonly message: string }
  | { readonly type: 'answer'; readonly id: number; readonly answer: Answer }
  | { readonly type: 'event'; readonly watcher: string; readonly told: Told };
