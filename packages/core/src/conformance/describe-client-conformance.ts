import { describe, it } from 'vitest';
import { Namespace } from '../kinds/index.ts';
import { abortCases } from './abort.ts';
import { applyCases } from './apply.ts';
import { createCases } from './create.ts';
import { deleteCases } from './delete.ts';
import type { ClientFixture, ConformanceCase, ConformanceContext } from './fixture.ts';
import { listCases } from './list.ts';
import { mutateCases } from './mutate.ts';
import { patchCases } from './patch.ts';
import { updateCases } from './update.ts';
import { watchCases } from './watch.ts';

/** Options of {@link describeClientConformance}. */
export interface ClientConformanceOptions {
  /** Tests that this implementation cannot pass: the name of the test → why. */
  readonly skip?: Readonly<Record<string, string>>;
}

const GROUPS: Readonly<Record<string, readonly ConformanceCase[]>> = {
  'create and get': createCases,
  list: listCases,
  update: updateCases,
  patch: patchCases,
  apply: applyCases,
  delete: deleteCases,
  watch: watchCases,
  mutate: mutateCases,
  signals: abortCases,
};

/**
 * Declares the tests that every implementation of `Client` passes, in vitest: against our API server in process and over HTTP, and against a real
 * cluster. Each test gets a fixture of its own and works in a namespace of its own.
 *
 * @param name of the implementation
 * @param make makes a client of a server that has the kinds of core/v1 and apps/v1, with no controller running; the suite disposes it
 * @throws {Error} when `skip` names a test that there is not
 */
export function describeClientConformance(name: string, make: () => Promise<ClientFixture>, { skip = {} }: ClientConformanceOptions = {}): void {
  const known = new Set(Object.values(GROUPS).flatMap((cases) => cases.map((each) => each.name)));
  for (const skipped of Object.keys(skip)) if (!known.has(skipped)) throw new Error(`there is no conformance test "${skipped}" to skip`);
  describe(`${name} conforms to Client`, () => {
    for (const [group, cases] of Object.entries(GROUPS)) {
      describe(group, () => {
        for (const each of cases) {
          const reason = skip[each.name];
          if (reason === undefined) it(each.name, (test) => runCase(each, make, (why) => test.skip(why)));
          else it.skip(`${each.name} (${reason})`);
        }
      });
    }
  });
}

async function runCase(each: ConformanceCase, make: () => Promise<ClientFixture>, skip: (why: string) => never): Promise<void> {
  await using fixture = await make();
  if (each.needsCompact === true && fixture.compact === undefined) skip('the fixture cannot compact');
  await each.run(await contextOf(fixture));
}

async function contextOf(fixture: ClientFixture): Promise<ConformanceContext> {
  const { client, otherClient = client } = fixture;
  const namespace = await client.create(Namespace, { metadata: { generateName: 'conformance-' }, spec: {} });
  return { client, otherClient, compact: fixture.compact?.bind(fixture), namespace: namespace.metadata.name };
}
