import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiError } from '@kybern/core';
import { ConfigMap } from '@kybern/core/kinds';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadManifests, manifestError } from './manifests.ts';
import { cliKinds } from './resource-argument.ts';

const map = (name: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\n`;

describe('loadManifests', () => {
  const kinds = cliKinds();
  let cwd: string;
  beforeAll(async () => {
    cwd = await mkdtemp(join(tmpdir(), 'manifests-'));
    await mkdir(join(cwd, 'folder'));
    await mkdir(join(cwd, 'empty'));
    const files: Record<string, string> = {
      'folder/b.yaml': map('b'),
      'folder/a.yml': `${map('a1')}---\n${map('a2')}`,
      'folder/notes.txt': 'not a manifest',
      'broken.yaml': 'kind: [',
      'unknown.yaml': `${map('fine')}---\napiVersion: example.com/v1\nkind: Nothing\nmetadata: { name: x }\n`,
      'nameless.yaml': 'apiVersion: v1\nkind: ConfigMap\n',
      'scalar.yaml': 'just text',
    };
    for (const [file, text] of Object.entries(files)) await writeFile(join(cwd, file), text);
  });
  afterAll(() => rm(cwd, { recursive: true }));

  it('reads a folder in the order of its names, and each document of a file', async () => {
    const manifests = await loadManifests(['folder'], { cwd, kinds });
    expect(manifests.map(({ file, document, object }) => [file, document, object.metadata.name])).toEqual([
      ['folder/a.yml', 1, 'a1'],
      ['folder/a.yml', 2, 'a2'],
      ['folder/b.yaml', 1, 'b'],
    ]);
  });

  it.each([
    { file: 'nowhere.yaml', message: 'nowhere.yaml: there is no such file or folder' },
    { file: 'empty', message: 'empty: the folder has no .yaml, .yml, .json files' },
    { file: 'broken.yaml', message: /^broken\.yaml.*document 1/ },
    { file: 'scalar.yaml', message: /^scalar\.yaml.*document 1/ },
    { file: 'unknown.yaml', message: 'unknown.yaml, document 2: no matches for kind "Nothing" in version "example.com/v1"' },
    { file: 'nameless.yaml', message: 'nameless.yaml, document 1 (ConfigMap): metadata.name: Required value: name is required' },
  ])('names file, document and reason: $file', async ({ file, message }) => {
    await expect(loadManifests([file], { cwd, kinds })).rejects.toThrow(message);
    await expect(loadManifests([file], { cwd, kinds })).rejects.toMatchObject({ name: 'CliError' });
  });
});

describe('manifestError', () => {
  const manifest = { file: 'a.yaml', document: 2, kind: ConfigMap, object: { metadata: { name: 'm' } } } as const;

  it('gives one line per field', () => {
    const causes = [
      { field: 'spec.replicas', reason: 'FieldValueInvalid', message: 'Invalid value: -1: must be greater than or equal to 0' },
      { field: 'spec.selector', reason: 'FieldValueRequired', message: 'Required value' },
    ];
    expect(manifestError(manifest, new ApiError('Invalid', 'all of it', { details: { causes } })).message.split('\n')).toEqual([
      'a.yaml, document 2 (ConfigMap "m"): spec.replicas: Invalid value: -1: must be greater than or equal to 0',
      'a.yaml, document 2 (ConfigMap "m"): spec.selector: Required value',
    ]);
  });

  it('gives the message when there are no fields', () => {
    expect(manifestError(manifest, new ApiError('Forbidden', 'no')).message).toBe('a.yaml, document 2 (ConfigMap "m"): no');
  });
});
