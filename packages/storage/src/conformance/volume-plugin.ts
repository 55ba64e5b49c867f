import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PublishRequest, StageRequest, VolumePlugin, VolumeSource } from '../plugins/volume-plugin.ts';

/** A plugin under test, with what only its maker knows. */
export interface VolumePluginFixture extends AsyncDisposable {
  readonly plugin: VolumePlugin;
  /** A new volume each time, as the API would have it. */
  newVolume(): Promise<VolumeSource>;
  /** Writes a file where a volume is published. */
  write(targetPath: string, name: string, text: string): Promise<void>;
  /** Reads it; undefined when it is not there. */
  read(targetPath: string, name: string): Promise<string | undefined>;
  /** Where attaching is needed: attaches, and says what that told. */
  attach?(source: VolumeSource): Promise<Readonly<Record<string, string>>>;
  /** Whether read-only publications refuse writes. Default true. */
  readonly holdsReadOnly?: boolean;
}

const signal = new AbortController().signal;
const pod = { namespace: 'default', name: 'tester', uid: '11111111-2222-3333-4444-555555555555', serviceAccountName: 'default' };

/** One volume on a node, as a kubelet handles it. */
class NodeVolumeUnderTest {
  readonly #fixture: VolumePluginFixture;
  readonly source: VolumeSource;
  readonly #folder: string;
  readonly #attachContext: Readonly<Record<string, string>>;

  private constructor(
    fixture: VolumePluginFixture,
    source: VolumeSource,
    place: { readonly folder: string; readonly attachContext: Readonly<Record<string, string>> },
  ) {
    this.#fixture = fixture;
    this.source = source;
    this.#folder = place.folder;
    this.#attachContext = place.attachContext;
  }

  static async make(fixture: VolumePluginFixture, folder: string): Promise<NodeVolumeUnderTest> {
    const source = await fixture.newVolume();
    const attachContext = (await fixture.attach?.(source)) ?? {};
    const own = await mkdtemp(join(folder, 'volume-'));
    await mkdir(join(own, 'staging'));
    return new NodeVolumeUnderTest(fixture, source, { folder: own, attachContext });
  }

  get stagingPath(): string {
    return join(this.#folder, 'staging');
  }

  target(name: string): string {
    return join(this.#folder, `target-${name}`);
  }

  stageRequest(more: Partial<StageRequest> = {}): StageRequest {
    const { source, stagingPath } = this;
    const access = { volumeMode: 'Filesystem' as const, fsType: undefined, mountOptions: [], accessModes: ['ReadWriteOnce'] };
    return { source, stagingPath, ...access, attachContext: this.#attachContext, signal, ...more };
  }

  async stage(): Promise<void> {
    await this.#fixture.plugin.stage?.(this.stageRequest());
  }

  async publish(name: string, more: Partial<PublishRequest> = {}): Promise<string> {
    const targetPath = this.target(name);
    const stagingPath = this.#fixture.plugin.stage === undefined ? undefined : this.stagingPath;
    await this.#fixture.plugin.publish({ ...this.stageRequest(), stagingPath, targetPath, readOnly: false, pod, ...more });
    return targetPath;
  }

  async unpublish(name: string): Promise<void> {
    await this.#fixture.plugin.unpublish({ source: this.source, targetPath: this.target(name), signal });
  }

  async unstage(): Promise<void> {
    await this.#fixture.plugin.unstage?.({ source: this.source, stagingPath: this.stagingPath, signal });
  }
}

/**
 * What every {@link VolumePlugin} has to do, as tests for vitest: call it at the top of a test file.
 *
 * @example describeVolumePluginConformance('loop devices', async () => ({ plugin, newVolume, write, read, async [Symbol.asyncDispose]() {} }))
 */
export function describeVolumePluginConformance(name: string, make: () => Promise<VolumePluginFixture>): void {
  describe(`${name} are brought to Pods`, () => {
    let fixture: VolumePluginFixture;
    let folder: string;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'kybern-plugin-'));
      fixture = await make();
    });
    afterAll(async () => {
      await fixture[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    });
    const start = (): Promise<NodeVolumeUnderTest> => NodeVolumeUnderTest.make(fixture, folder);
    describeLife(() => fixture, start);
    describeRepetition(() => fixture, start);
  });
}

function describeLife(of: () => VolumePluginFixture, start: () => Promise<NodeVolumeUnderTest>): void {
  it('keeps what is written, from one Pod to the next', async () => {
    const volume = await start();
    await volume.stage();
    await of().write(await volume.publish('a'), 'file', 'kept');
    await volume.unpublish('a');
    await volume.unstage();
    await volume.stage();
    expect(await of().read(await volume.publish('b'), 'file')).toBe('kept');
    await volume.unpublish('b');
    await volume.unstage();
  });

  it('shows two Pods the same, and leaves the one when it is taken from the other', async () => {
    const volume = await start();
    await volume.stage();
    const [a, b] = [await volume.publish('a'), await volume.publish('b')];
    await of().write(a, 'file', 'shared');
    expect(await of().read(b, 'file')).toBe('shared');
    await volume.unpublish('a');
    expect(await of().read(b, 'file')).toBe('shared');
    await volume.unpublish('b');
    await volume.unstage();
  });

  it('keeps volumes apart', async () => {
    const [one, two] = [await start(), await start()];
    expect(of().plugin.volumeName(one.source)).not.toBe(of().plugin.volumeName(two.source));
    for (const volume of [one, two]) await volume.stage();
    await of().write(await one.publish('a'), 'file', 'of one');
    expect(await of().read(await two.publish('a'), 'file')).toBe(undefined);
    for (const volume of [one, two]) {
      await volume.unpublish('a');
      await volume.unstage();
    }
  });

  it('lets nobody write who is to read only', async () => {
    const volume = await start();
    await volume.stage();
    await of().write(await volume.publish('writer'), 'file', 'there');
    const target = await volume.publish('reader', { readOnly: true });
    expect(await of().read(target, 'file')).toBe('there');
    if (of().holdsReadOnly !== false) await expect(of().write(target, 'more', 'x')).rejects.toThrow();
    for (const name of ['reader', 'writer']) await volume.unpublish(name);
    await volume.unstage();
  });
}

function describeRepetition(of: () => VolumePluginFixture, start: () => Promise<NodeVolumeUnderTest>): void {
  it('does each step as often as it is asked to, and undoes it as often', async () => {
    const volume = await start();
    for (let times = 0; times < 2; times++) await volume.stage();
    for (let times = 0; times < 2; times++) await of().write(await volume.publish('a'), 'file', String(times));
    for (let times = 0; times < 2; times++) await volume.unpublish('a');
    for (let times = 0; times < 2; times++) await volume.unstage();
    await volume.stage();
    expect(await of().read(await volume.publish('a'), 'file')).toBe('1');
    await volume.unpublish('a');
    await volume.unstage();
  });

  it('is content to take away what was never there', async () => {
    const volume = await start();
    await volume.unpublish('never');
    await volume.unstage();
    expect(of().plugin.supports(volume.source)).toBe(true);
  });

  it('does not begin what is aborted', async () => {
    const volume = await start();
    const stop = new AbortController();
    stop.abort(new Error('enough'));
    await expect(volume.publish('a', { signal: stop.signal })).rejects.toThrow('enough');
    if (of().plugin.stage !== undefined) await expect(of().plugin.stage?.(volume.stageRequest({ signal: stop.signal }))).rejects.toThrow('enough');
  });
}
