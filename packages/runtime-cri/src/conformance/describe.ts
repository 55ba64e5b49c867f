import { describe, it } from 'vitest';
import { Lab, type ConformanceCase, type RuntimeFixture } from './fixture.ts';
import { containerCases, idempotenceCases, infoCases, sandboxCases } from './lifecycle-cases.ts';
import { errorCases, eventCases, execCases, imageCases, logCases } from './service-cases.ts';

/** Options of {@link describeRuntimeConformance}. */
export interface RuntimeConformanceOptions {
  /** Tests that do not hold for this runtime, by name, each with the reason. */
  readonly skip?: Readonly<Record<string, string>>;
}

/** Starting real containers takes its time on a machine that is busy. */
const TIMEOUT_MS = 120_000;

/** After the groups of critest. @see kubernetes-sigs/cri-tools pkg/validate */
const GROUPS: Readonly<Record<string, readonly ConformanceCase[]>> = {
  'runtime info': infoCases,
  'pod sandboxes': sandboxCases,
  containers: containerCases,
  idempotence: idempotenceCases,
  images: imageCases,
  commands: execCases,
  logs: logCases,
  events: eventCases,
  'errors and signals': errorCases,
};

/**
 * Registers the tests that every implementation of `ContainerRuntime` passes, with vitest. Each test gets a fixture of its own and disposes it.
 *
 * @param name what the tests are called
 * @param make makes the runtime under test
 * @throws {TypeError} when `skip` names a test that there is not
 */
export function describeRuntimeConformance(name: string, make: () => RuntimeFixture | Promise<RuntimeFixture>, options: RuntimeConformanceOptions = {}): void {
  const { skip = {} } = options;
  const known = new Set(Object.values(GROUPS).flatMap((cases) => cases.map((each) => each.name)));
  for (const skipped of Object.keys(skip)) if (!known.has(skipped)) throw new TypeError(`there is no conformance test "${skipped}" to skip`);
  describe(`${name} conforms to ContainerRuntime`, { timeout: TIMEOUT_MS }, () => {
    for (const [group, cases] of Object.entries(GROUPS)) {
      describe(group, () => {
        for (const each of cases) {
          const reason = skip[each.name];
          if (reason === undefined) it(each.name, () => runCase(each, make));
          else it.skip(`${each.name} (${reason})`, () => undefined);
        }
      });
    }
  });
}

async function runCase(each: ConformanceCase, make: () => RuntimeFixture | Promise<RuntimeFixture>): Promise<void> {
  await using fixture = await make();
  await each.run(new Lab(fixture));
}
