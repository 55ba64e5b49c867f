import { deepEqual, type Kind, type KubernetesObject } from '@kybern/core';
import type { CustomResourceDefinition } from '@kybern/core/kinds';
import type { StateStore } from '@kybern/state';
import { followStore } from '../follow-store.ts';
import { asDefinition, customKindsOf, isTrue, type CustomKind } from './custom-kind.ts';
import type { TakenNames } from './definition/status.ts';

/** Where definitions are stored. */
export const DEFINITIONS_PREFIX = '/registry/apiextensions.k8s.io/customresourcedefinitions/';

/** The CustomResourceDefinitions in the store, whoever wrote them, and the kinds that they make. */
export interface Definitions {
  /** Takes in what was written since the last call. Costs a comparison when nothing was, next to nothing when no definition was. */
  catchUp(): void;
  list(): readonly CustomResourceDefinition[];
  /** What a definition cannot be called, since others of its group are. */
  takenNames(definition: CustomResourceDefinition): TakenNames;
  /** What is known by now stays known. */
  close(): void;
}

/** Who is told of kinds that come and go. */
export interface DefinitionsListener {
  add(kind: CustomKind): void;
  remove(kind: CustomKind): void;
  /** After the kinds of one definition were replaced or removed. @param prefix where their objects are stored */
  changed(prefix: string): void;
}

interface Entry {
  readonly definition: CustomResourceDefinition;
  readonly kinds: readonly CustomKind[];
}

/** Follows the definitions in a store. @param fixed kinds that are there without a definition, whose names nobody else can have */
export function createDefinitions(state: StateStore, fixed: readonly Kind[], listener: DefinitionsListener): Definitions {
  const entries = new Map<string, Entry>();
  const apply = (key: string, value: KubernetesObject | undefined): void => {
    const before = entries.get(key);
    if (value === undefined) entries.delete(key);
    else {
      const definition = asDefinition(value);
      if (before !== undefined && servesTheSame(before.definition, definition)) {
        entries.set(key, { definition, kinds: before.kinds });
        return;
      }
      entries.set(key, { definition, kinds: customKindsOf(definition).filter((kind) => !isFixed(fixed, kind)) });
    }
    for (const kind of before?.kinds ?? []) listener.remove(kind);
    for (const kind of entries.get(key)?.kinds ?? []) listener.add(kind);
    if (before !== undefined) listener.changed(prefixOf(before.definition));
  };
  const reset = (): void => {
    for (const key of [...entries.keys()]) apply(key, undefined);
  };
  const followed = followStore(state, DEFINITIONS_PREFIX, { reset, apply });
  let closed = false;
  const catchUp = (): void => {
    if (!closed) followed.catchUp();
  };
  return {
    catchUp,
    list() {
      catchUp();
      return [...entries.values()].map(({ definition }) => definition);
    },
    takenNames(definition) {
      catchUp();
      const { group } = definition.spec;
      const others = [...entries.values()].filter(
        (entry) => entry.definition.metadata.name !== definition.metadata.name && entry.definition.spec.group === group,
      );
      const taken = [...others.map((entry) => entry.definition.status?.acceptedNames), ...fixed.filter((kind) => kind.group === group)];
      const names = (pick: (names: NonNullable<(typeof taken)[number]>) => readonly (string | undefined)[]): ReadonlySet<string> =>
        new Set(taken.flatMap((each) => (each === undefined ? [] : pick(each))).filter((name) => name !== undefined && name !== '') as string[]);
      return {
        resources: names(({ plural, singular, shortNames = [] }) => [plural, singular, ...shortNames]),
        kinds: names(({ kind, listKind }) => [kind, listKind]),
      };
    },
    close() {
      closed = true;
      followed.close();
    },
  };
}

/** Where the objects of a definition are stored. */
export function prefixOf({ spec }: CustomResourceDefinition): string {
  return `/registry/${spec.group}/${spec.names.plural}/`;
}

function isFixed(fixed: readonly Kind[], { group, version, plural, kind }: CustomKind): boolean {
  return fixed.some((each) => each.group === group && each.version === version && (each.plural === plural || each.kind === kind));
}

/** Whether two states of a definition make the same kinds: then everything that was compiled stays. */
function servesTheSame(a: CustomResourceDefinition, b: CustomResourceDefinition): boolean {
  return (
    isTrue(a, 'Established') === isTrue(b, 'Established') &&
    isTrue(a, 'Terminating') === isTrue(b, 'Terminating') &&
    deepEqual(a.spec, b.spec) &&
    deepEqual(a.status?.acceptedNames, b.status?.acceptedNames)
  );
}
