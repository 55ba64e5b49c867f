// What users will get from the registry: builds every package, checks its package.json (publint), its size, and its public API against the committed report.
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { parseArgs } from 'node:util';
import { CompilerState, Extractor, ExtractorConfig, ExtractorLogLevel, type IExtractorInvokeOptions } from '@microsoft/api-extractor';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

const HELP = `Usage: node scripts/check-packages.ts [--update] [--no-build]

Builds the packages and checks what would be published.

  --update     write the API reports (packages/*/*.api.md) anew; read the diff before you commit it
  --no-build   check what dist/ holds
  --help       this text

Example: node scripts/check-packages.ts --update`;

/** Gzipped KiB of everything that an import of the package's main entry may load, without lazily imported chunks. */
const SIZE_LIMITS_KIB: Readonly<Record<string, number>> = {
  core: 80,
  state: 20,
  client: 20,
  reconcile: 30,
  scheduler: 66,
  netmodel: 25,
  storage: 20,
  dataplane: 40,
  'runtime-cri': 30,
  apiserver: 80,
  controllers: 70,
  kubelet: 50,
  testing: 30,
  kybern: 60,
};

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
}

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({ options: { update: { type: 'boolean' }, 'no-build': { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } });
if (values.help === true) {
  process.stdout.write(`${HELP}\n`);
  process.exit(0);
}

const problems: string[] = [];
const folders = readdirSync(join(root, 'packages')).filter((name) => existsSync(join(root, 'packages', name, 'package.json')));
if (values['no-build'] !== true) for (const folder of folders) build(folder);
if (problems.length === 0) {
  for (const folder of folders) await checkManifest(folder);
  for (const folder of folders) checkSize(folder);
  checkApi();
}
process.stdout.write(problems.length === 0 ? `${String(folders.length)} packages are fit to publish\n` : `${problems.join('\n')}\n`);
process.exitCode = problems.length === 0 ? 0 : 1;

function build(folder: string): void {
  const cwd = join(root, 'packages', folder);
  for (const file of globSync('dist/**/*.js*', { cwd })) rmSync(join(cwd, file));
  const result = spawnSync(process.execPath, [join(root, 'node_modules/tsup/dist/cli-default.js'), '--silent'], { cwd, encoding: 'utf8' });
  if (result.status !== 0) problems.push(`packages/${folder}: the build failed\n${result.stdout}${result.stderr}`);
}

async function checkManifest(folder: string): Promise<void> {
  const pkgDir = join(root, 'packages', folder);
  const { messages, pkg } = await publint({ pkgDir, level: 'warning', strict: true, pack: false });
  // The workspace's own source condition is not in publishConfig.exports, so it never reaches users.
  for (const message of messages)
    if (!message.path.includes('@kybern/source')) problems.push(`packages/${folder}: ${formatMessage(message, pkg) ?? message.code}`);
}

function checkSize(folder: string): void {
  const dist = join(root, 'packages', folder, 'dist');
  const seen = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    const code = readFileSync(file, 'utf8');
    for (const [, specifier = ''] of code.matchAll(/^(?:import|export)[^'"]*?from\s*['"](\.[^'"]+)['"]|^import\s*['"](\.[^'"]+)['"]/gm))
      if (specifier !== '') visit(join(dirname(file), specifier));
  };
  visit(join(dist, 'index.js'));
  const kib = gzipSync([...seen].map((file) => readFileSync(file, 'utf8')).join('\n')).length / 1024;
  const limit = SIZE_LIMITS_KIB[folder];
  if (limit === undefined) problems.push(`packages/${folder}: no size limit in scripts/check-packages.ts`);
  else if (kib > limit) problems.push(`packages/${folder}: ${kib.toFixed(1)} KiB gzipped, the limit is ${String(limit)} KiB`);
}

function checkApi(): void {
  const configs = folders.flatMap(apiConfigs);
  const first = configs[0];
  if (first === undefined) return;
  const compilerState = CompilerState.create(first, { additionalEntryPoints: configs.map((config) => config.mainEntryPointFilePath) });
  for (const config of configs) {
    const changed: string[] = [];
    const options: IExtractorInvokeOptions = {
      compilerState,
      localBuild: values.update === true,
      messageCallback: (message) => {
        message.handled = true;
        if (message.logLevel === 'error') changed.push(message.text);
      },
    };
    const result = Extractor.invoke(config, options);
    if (changed.length > 0) problems.push(`${config.reportFilePath}: ${changed.join('; ')}`);
    else if (result.apiReportChanged && values.update !== true) {
      problems.push(
        `${relative(root, config.reportFilePath)} is not what the code exports: run "node scripts/check-packages.ts --update", read the diff, commit it`,
      );
    }
  }
}

function apiConfigs(folder: string): ExtractorConfig[] {
  const pkgDir = join(root, 'packages', folder);
  const manifest = JSON.parse(readFileSync(join(pkgDir, 'package.json'), 'utf8')) as Manifest;
  mkdirSync(join(root, 'node_modules/.cache/api'), { recursive: true });
  return Object.entries(manifest.exports).flatMap(([path, target]) => {
    // The kinds are generated from Kubernetes' schemas: their report would only repeat them.
    if (typeof target === 'string' || path.startsWith('./kinds')) return [];
    const name = path === '.' ? folder : `${folder}.${path.slice(2).replaceAll('/', '.')}`;
    return [
      ExtractorConfig.prepare({
        packageJsonFullPath: join(pkgDir, 'package.json'),
        configObjectFullPath: undefined,
        configObject: {
          projectFolder: pkgDir,
          mainEntryPointFilePath: join(pkgDir, target.types),
          compiler: {
            overrideTsconfig: {
              compilerOptions: {
                target: 'es2022',
                module: 'nodenext',
                moduleResolution: 'nodenext',
                skipLibCheck: true,
                types: ['node'],
                lib: ['es2023', 'esnext.disposable'],
              },
            },
          },
          apiReport: { enabled: true, reportFolder: pkgDir, reportTempFolder: join(root, 'node_modules/.cache/api'), reportFileName: `${name}.api.md` },
          docModel: { enabled: false },
          dtsRollup: { enabled: false },
          tsdocMetadata: { enabled: false },
          messages: {
            extractorMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
            tsdocMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
            compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
          },
        },
      }),
    ];
  });
}
