import { Pod } from '@kybern/core/kinds';
import type { CacheIndex } from '@kybern/reconcile';

/** Pods by the node that they are on. Shared by all controllers that need it. */
export const podsByNode: CacheIndex<Pod> = {
  kind: Pod,
  name: 'controllers/node',
  by: ({ spec }) => (spec.nodeName === undefined || spec.nodeName === '' ? [] : [spec.nodeName]),
};
