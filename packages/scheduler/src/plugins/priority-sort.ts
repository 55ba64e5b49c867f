import type { Pod } from '@kybern/core/kinds';
import type { QueueSortPlugin } from '../engine/plugin.ts';
import type { QueuedItem } from '../queue/queued-item.ts';

/**
 * Orders the queue by priority, highest first, then by the time of entry.
 *
 * @see kubernetes v1.36 pkg/scheduler/framework/plugins/queuesort/priority_sort.go
 */
export function prioritySort(): QueueSortPlugin {
  return {
    name: 'PrioritySort',
    less(a: QueuedItem<Pod>, b: QueuedItem<Pod>) {
      const [left, right] = [a.item.spec.priority ?? 0, b.item.spec.priority ?? 0];
      return left === right ? a.timestampMs < b.timestampMs : left > right;
    },
  };
}
