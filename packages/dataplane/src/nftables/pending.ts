import type { ElementChange } from './elements.ts';

/** Changes that wait to be applied; what is changed twice is changed once, and what is changed back is not changed. */
export interface PendingChanges {
  readonly add: (changes: readonly ElementChange[]) => void;
  /** Takes everything out; what leads to groups of policies comes last, so that a group is whole when it is reached. */
  readonly take: () => readonly ElementChange[];
  readonly size: number;
}

/** Nothing pending. */
export function createPendingChanges(): PendingChanges {
  let pending = new Map<string, ElementChange>();
  return {
    get size() {
      return pending.size;
    },
    add: (changes) => {
      for (const change of changes) {
        const name = `${change.object}\n${change.key}`;
        const earlier = pending.get(name);
        const { before } = earlier ?? change;
        if (before === change.after) pending.delete(name);
        else pending.set(name, earlier === undefined ? change : { ...change, before });
      }
    },
    take: () => {
      const all = [...pending.values()];
      pending = new Map();
      return inOrder(all);
    },
  };
}

/** What leads to groups comes after what is in them. */
export function inOrder(changes: readonly ElementChange[]): readonly ElementChange[] {
  const leads = ({ object }: ElementChange): boolean => object.endsWith('_isolated');
  return changes.some(leads) ? [...changes.filter((each) => !leads(each)), ...changes.filter(leads)] : changes;
}
