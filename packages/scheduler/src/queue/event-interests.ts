import type { Plugin } from '../engine/plugin.ts';
import type { Bin } from '../engine/snapshot.ts';
import { matchesEvent, type ClusterEvent, type ClusterEventWithHint } from './cluster-event.ts';

/** A plugin that wants to hear of an event, with the registrations that cover it. */
export interface Interest<Item> {
  readonly plugin: string;
  readonly registrations: readonly ClusterEventWithHint<Item>[];
}

/** Where a plugin can turn an item down. */
const REJECTING = ['preEnqueue', 'preFilter', 'filter', 'reserve', 'permit', 'preBind', 'bind'] as const satisfies readonly (keyof Plugin)[];

/** Knows which plugins registered for which events. The rejection of a plugin without registrations may be cured by any event. */
export class EventInterests<Item, B extends Bin> {
  readonly #registered: readonly Interest<Item>[];
  readonly #known = new Map<string, readonly Interest<Item>[]>();

  constructor(plugins: readonly Plugin<Item, B>[]) {
    const rejecting = plugins.filter((plugin) => REJECTING.some((point) => plugin[point] !== undefined));
    this.#registered = rejecting.map((plugin) => ({
      plugin: plugin.name,
      registrations: plugin.eventsToRegister?.() ?? [{ resource: '*', actions: ['All'] }],
    }));
  }

  /** The plugins that registered for an event like this, in their order. */
  of(event: ClusterEvent): readonly Interest<Item>[] {
    const kind = `${event.resource}/${event.action}`;
    let interests = this.#known.get(kind);
    if (interests === undefined) {
      interests = this.#registered
        .map(({ plugin, registrations }) => ({ plugin, registrations: registrations.filter((registration) => matchesEvent(registration, event)) }))
        .filter(({ registrations }) => registrations.length > 0);
      this.#known.set(kind, interests);
    }
    return interests;
  }
}

/** Whether any of these registrations takes the event for worth another attempt. A hint that throws counts as a yes. */
export function isWorthAnotherAttempt<Item>(registrations: readonly ClusterEventWithHint<Item>[], item: Item, event: ClusterEvent): boolean {
  return registrations.some(({ hint }) => {
    if (hint === undefined) return true;
    try {
      return hint(item, event) !== 'QueueSkip';
    } catch {
      // A Pod that is tried once too often costs less than one that is forgotten.
      return true;
    }
  });
}
