import type { ClusterTest, ExploreOptions, ExploreReport, ReplayOptions } from './options.ts';

/**
 * Runs a test once per seed, each time with other faults and another order of everything that may come in another order. The first run that fails is made as
 * short as can be found, and thrown as an {@link ExplorationError}: its message has the seed, the choices that remain, what happened in that run, and how to
 * run it again.
 *
 * @example
 * await explore({ seeds: 200, faults: [staleCaches(), crashes()] }, async (cluster) => {
 *   cluster.run(databaseController);
 *   await cluster.apply(database);
 *   await cluster.settle();
 *   await expect(cluster).toWriteNothing();
 * });
 */
export async function explore(options: ExploreOptions, test: ClusterTest): Promise<ExploreReport> {
  const { runExploration } = await import('./run.ts');
  return await runExploration(options, test);
}

/**
 * Runs a test exactly as it ran once: with the seed and the choices that an {@link ExplorationError} tells.
 *
 * @throws what the test throws
 */
export async function replay(options: ReplayOptions, test: ClusterTest): Promise<void> {
  const { runReplay } = await import('./run.ts');
  await runReplay(options, test);
}
