import { Pod } from '@kybern/core/kinds';
import type { CacheIndex } from '@kybern/reconcile';
import { orphanIndex } from './orphan-index.ts';

/** Pods by the node that they are on. Shared by all controllers that need it. */
export const podsByNode: CacheIndex<Pod> = {
  kind: Pod,
  name: 'controllers/node',
  by: ({ spec }) => (spec.nodeName === undefined || spec.nodeName === '' ? [] : [spec.nodeName]),
};

/** Pods that nobody manages, by namespace. Shared by all controllers that adopt Pods. */
export const orphanPods: CacheIndex<Pod> = orphanIndex(Pod, 'controllers/orphans');
