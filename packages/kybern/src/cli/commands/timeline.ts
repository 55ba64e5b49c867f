import { readFile, writeFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { CliError } from '../errors.ts';
import { line, type CliIo } from '../io.ts';
import { timelinePage } from '../timeline/page.ts';
import { readTimeline } from '../timeline/timeline-file.ts';
import type { Command } from './command.ts';

interface TimelineArgs {
  readonly file: string;
  readonly output: string | undefined;
}

/** `kybern timeline`: what a test cluster did, as a page to look at. */
export const timelineCommand: Command<TimelineArgs> = {
  command: 'timeline <file>',
  describe: 'Make a web page of the timeline of a test cluster: who wrote what, and what woke whom',
  examples: [
    ['kybern timeline failure.json', 'writes failure.html: one file that needs nothing else'],
    ['kybern timeline failure.json -o -', 'prints the page'],
  ],
  options: (yargs) =>
    yargs
      .positional('file', { type: 'string', describe: 'what JSON.stringify(await cluster.timeline()) gave' })
      .option('output', { alias: 'o', type: 'string', describe: 'where to write the page; "-" prints it; default: beside the file' }),
  run,
};

async function run({ file, output }: TimelineArgs, io: CliIo): Promise<number> {
  const path = (name: string): string => (isAbsolute(name) ? name : join(io.cwd, name));
  const text = await readFile(path(file), 'utf8').catch((cause: unknown) => {
    throw new CliError(`${file}: cannot be read`, { cause });
  });
  const page = timelinePage(readTimeline(text, file));
  if (output === '-') {
    line(io.stdout, page);
    return 0;
  }
  const target = output ?? `${file.replace(/\.json$/, '')}.html`;
  await writeFile(path(target), page).catch((cause: unknown) => {
    throw new CliError(`${target}: cannot be written`, { cause });
  });
  line(io.stdout, `${target} written`);
  return 0;
}
