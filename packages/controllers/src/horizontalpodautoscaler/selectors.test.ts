import { expect, it } from 'vitest';
import { pod } from '../../test/objects.ts';
import { createAutoscalerSelectors } from './selectors.ts';

const pods = [pod('p0', { metadata: { labels: { app: 'web', track: 'stable' } } }), pod('p1', { metadata: { labels: { app: 'web', track: 'canary' } } })];
const podsOf = (selects: (labels: Readonly<Record<string, string>> | undefined) => boolean): typeof pods =>
  pods.filter(({ metadata }) => selects(metadata.labels));

it('notices autoscalers that select the same Pods, in one namespace, until one is forgotten', () => {
  const selectors = createAutoscalerSelectors();
  expect(selectors.select('default/a', 'app=web', podsOf)).toEqual({ pods, problem: undefined });
  expect(selectors.select('other/a', 'app=web', podsOf).problem).toBeUndefined();
  const message = 'pods by selector track=canary are controlled by multiple HPAs: [default/a default/b]';
  expect(selectors.select('default/b', 'track=canary', podsOf).problem).toMatchObject({ reason: 'AmbiguousSelector', message });
  selectors.forget('default/a');
  expect(selectors.select('default/b', 'track=canary', podsOf).problem).toBeUndefined();
});

it('autoscalers without Pods in common do not disturb each other', () => {
  const selectors = createAutoscalerSelectors();
  selectors.select('default/a', 'track=stable', podsOf);
  expect(selectors.select('default/b', 'track=canary', podsOf).problem).toBeUndefined();
});

it.each([
  { selector: '', event: 'SelectorRequired' },
  { selector: 'a in', event: 'InvalidSelector' },
])('does not take "$selector" for all Pods', ({ selector, event }) => {
  const selected = createAutoscalerSelectors().select('default/a', selector, podsOf);
  expect(selected).toMatchObject({ pods: [], problem: { reason: 'InvalidSelector', event } });
});
