import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const conditions = ['@kybern/source', 'module', 'node', 'development|production'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ['@kybern/source', 'node'] } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'packages/*/test/**/*.test.ts', 'examples/*/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    // The matchers for clusters, as a user of @kybern/testing would add them.
    setupFiles: ['./packages/testing/src/vitest.ts', './test/property-seed.ts'],
    testTimeout: 30_000,
    // Two also where there are two cores: many tests wait for processes of their own.
    maxWorkers: Math.max(2, availableParallelism() - 1),
  },
});
