// Which package may import which: the table of docs/architecture.md. A package not named here may import nothing of ours.
const MAY_IMPORT = {
  core: [],
  state: ['core'],
  client: ['core'],
  reconcile: ['core'],
  scheduler: ['core', 'reconcile', 'storage'],
  netmodel: ['core'],
  storage: ['core'],
  dataplane: ['core', 'reconcile', 'netmodel'],
  'runtime-cri': ['core'],
  apiserver: ['core', 'state', 'netmodel'],
  controllers: ['core', 'reconcile', 'netmodel', 'storage'],
  kubelet: ['core', 'reconcile', 'runtime-cri'],
  testing: ['core', 'state', 'reconcile', 'scheduler', 'netmodel', 'storage', 'runtime-cri', 'apiserver', 'controllers', 'kubelet'],
  kybern: ['core', 'state', 'client', 'reconcile', 'scheduler', 'netmodel', 'storage', 'dataplane', 'runtime-cri', 'apiserver', 'controllers', 'kubelet'],
};
const own = '(?:\\.test|\\.prop\\.test|\\.test-d)\\.ts$';

export default {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'value imports form no cycle',
      from: { path: '^packages' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    ...Object.entries(MAY_IMPORT).map(([name, allowed]) => ({
      name: `${name}-imports`,
      severity: 'error',
      comment: `${name} may import ${allowed.join(', ') || 'nothing of ours'}`,
      from: { path: `^packages/${name}/src`, pathNot: own },
      to: { path: '^packages/', pathNot: [`^packages/${name}/`, ...allowed.map((to) => `^packages/${to}/`)] },
    })),
    {
      name: 'no-barrel-inside',
      severity: 'error',
      comment: 'inside a package import the file, not the barrel',
      from: { path: '^packages/([^/]+)/src', pathNot: own },
      to: { path: '^packages/$1/src/index\\.ts$' },
    },
    {
      name: 'no-internal',
      severity: 'error',
      comment: "another package's internal/ is out of reach",
      from: { path: '^packages/([^/]+)/' },
      to: { path: '^packages/[^/]+/src/internal/', pathNot: '^packages/$1/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    includeOnly: '^packages/[^/]+/src',
    exclude: { path: 'packages/core/src/kinds/(models|.*-v\\d)' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['@kybern/source', 'import', 'node', 'default'], extensions: ['.ts', '.js'] },
  },
};
