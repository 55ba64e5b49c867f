/** The long runs of torture: `pnpm torture -- file ...` (the default), `pnpm torture -- etcd [faults] [seed]` and `pnpm torture -- chaos [seeds]`. */
const [which] = process.argv.slice(2);
if (which === 'etcd' || which === 'file' || which === 'chaos') process.argv.splice(2, 1);
if (which === 'chaos') await import('../../../testing/test/chaos/long.ts');
else await (which === 'etcd' ? import('./etcd/long.ts') : import('./file/long.ts'));
