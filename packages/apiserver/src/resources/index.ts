import { groupResource, type Kind } from '@kybern/core';
import type { Strategy } from '../strategy.ts';
import { namespaceStrategy } from './namespaces.ts';
import { podStrategy } from './pods.ts';

/** The strategies of the built-in kinds that behave specially, by `plural.group`. */
const STRATEGIES: Readonly<Record<string, Strategy>> = {
  namespaces: namespaceStrategy,
  pods: podStrategy,
};

const PLAIN: Strategy = {};
/** Custom resources: always with a generation, updates only against a known resourceVersion. */
const CUSTOM: Strategy = { generation: true, unconditionalUpdate: false, statusUpdatesMetadata: false };

/** What is special about a kind. */
export function strategyFor(kind: Kind, custom: boolean): Strategy {
  if (custom) return CUSTOM;
  const name = groupResource(kind);
  return Object.hasOwn(STRATEGIES, name) ? (STRATEGIES[name] as Strategy) : PLAIN;
}
