import { compileLabelSelector, type LabelMatcher } from '@kybern/core';
import type { Pod } from '@kybern/core/kinds';
import { messageOf } from '../pod-control.ts';

/** Why an autoscaler cannot tell which Pods are its own. */
export interface SelectorProblem {
  /** The reason of the condition. */
  readonly reason: 'InvalidSelector' | 'AmbiguousSelector';
  /** The reason of the event. */
  readonly event: 'SelectorRequired' | 'InvalidSelector' | 'AmbiguousSelector';
  /** The message of the condition. */
  readonly message: string;
  readonly error: string;
}

/** The Pods of a target; or why they cannot be told. */
export type Selected = { readonly pods: readonly Pod[]; readonly problem: SelectorProblem | undefined };

/** Which Pods each autoscaler last selected by. One that has not looked yet is not known, as in Kubernetes. */
export interface AutoscalerSelectors {
  /** Notes the selector of an autoscaler's target, and looks whether its Pods are only its own. `podsOf` is not called for a selector that would be all Pods. */
  select(key: string, selector: string, podsOf: (selects: LabelMatcher) => readonly Pod[]): Selected;
  /** The autoscaler is gone. */
  forget(key: string): void;
}

/**
 * Makes {@link AutoscalerSelectors} that know nothing yet.
 *
 * @see kubernetes v1.36 pkg/controller/podautoscaler/horizontal.go (validateAndParseSelector, hpasControllingPodsUnderSelector)
 */
export function createAutoscalerSelectors(): AutoscalerSelectors {
  const known = new Map<string, LabelMatcher>();
  return {
    select(key, selector, podsOf) {
      if (selector === '') {
        const message = "the HPA target's scale is missing a selector";
        return { pods: [], problem: { reason: 'InvalidSelector', event: 'SelectorRequired', message, error: 'selector is required' } };
      }
      let selects: LabelMatcher;
      try {
        selects = compileLabelSelector(selector);
      } catch (error) {
        const message = `couldn't convert selector into a corresponding internal selector object: ${messageOf(error)}`;
        return { pods: [], problem: { reason: 'InvalidSelector', event: 'InvalidSelector', message, error: message } };
      }
      known.set(key, selects);
      const pods = podsOf(selects);
      const keys = selecting(known, key, pods);
      if (keys.length < 2) return { pods, problem: undefined };
      const message = `pods by selector ${selector} are controlled by multiple HPAs: [${keys.join(' ')}]`;
      return { pods, problem: { reason: 'AmbiguousSelector', event: 'AmbiguousSelector', message, error: message } };
    },
    forget: (key) => void known.delete(key),
  };
}

/** The autoscalers of one namespace that select any of these Pods, in order. */
function selecting(known: ReadonlyMap<string, LabelMatcher>, key: string, pods: readonly Pod[]): readonly string[] {
  const namespace = key.slice(0, key.indexOf('/') + 1);
  const found: string[] = [];
  for (const [other, selects] of known) {
    if (other.startsWith(namespace) && pods.some(({ metadata }) => selects(metadata.labels))) found.push(other);
  }
  return found.sort();
}
