import { ControllerRevision } from '@kybern/core/kinds';
import type { CacheIndex } from '@kybern/reconcile';
import { orphanIndex } from './orphan-index.ts';

/** Revisions that nobody manages, by namespace. Shared by all controllers that adopt them. */
export const orphanRevisions: CacheIndex<ControllerRevision> = orphanIndex(ControllerRevision, 'controllers/orphans');
