import { compileLabelSelector, type LabelSelector } from '@kybern/core';
import { matchesTarget, type SimulatedTarget } from '../behaviors.ts';
import type { ContainerRecord } from '../records.ts';
import type { Place } from './place.ts';

/** Which containers something is for. */
export type ScriptSelector = (record: ContainerRecord) => boolean;

const NAMES = ['namespace', 'pod', 'container', 'image', 'command'] as const;

/** Reads a selector; one that is absent selects all. @throws {ScriptError} */
export function readSelector(place: Place): ScriptSelector {
  if (!place.isThere) return () => true;
  place.fields(...NAMES, 'matchLabels', 'matchExpressions', 'matchAnnotations', 'attempt');
  const target: SimulatedTarget = Object.fromEntries(NAMES.filter((name) => place.at(name).isThere).map((name) => [name, place.at(name).text()]));
  const selector = { matchLabels: texts(place.at('matchLabels')), matchExpressions: place.at('matchExpressions').value ?? [] };
  const labels = place.read(() => compileLabelSelector(selector as LabelSelector));
  const annotations = Object.entries(texts(place.at('matchAnnotations')));
  const attempt = place.at('attempt').maybe((range) => range.fields('min', 'max'));
  const min = attempt?.at('min').maybe((each) => each.whole()) ?? 0;
  const max = attempt?.at('max').maybe((each) => each.whole()) ?? Infinity;
  return ({ subject, sandbox, config }) =>
    matchesTarget(target, subject) &&
    labels(sandbox.config.labels) &&
    annotations.every(([name, value]) => sandbox.config.annotations?.[name] === value) &&
    config.metadata.attempt >= min &&
    config.metadata.attempt <= max;
}

function texts(place: Place): Readonly<Record<string, string>> {
  if (!place.isThere) return {};
  const names = Object.keys(place.fields(...Object.keys(Object(place.value) as object)).value as object);
  return Object.fromEntries(names.map((name) => [name, place.at(name).text()]));
}
