import { sleep, systemClock } from '@kybern/core';
import type * as cri from '../generated/cri.ts';
import type { ContainerRuntime } from '../runtime.ts';

/** A runtime to be tested, with what the tests have to know of it. */
export interface RuntimeFixture extends AsyncDisposable {
  readonly runtime: ContainerRuntime;
  /** An image that can be pulled. Its containers run the commands below. */
  readonly image: string;
  /** Another one, that is not there before it is pulled. */
  readonly otherImage: string;
  /** An image that its registry does not have. */
  readonly missingImage: string;
  readonly commands: {
    /** Runs until it is told to end, and ends on SIGTERM. */
    readonly forever: readonly string[];
    /** Runs until SIGKILL. */
    readonly ignoreTerm: readonly string[];
    /** Ends at once with code 3. */
    readonly exit3: readonly string[];
    /** Ends at once with code 0. */
    readonly succeed: readonly string[];
    /** Cannot be started. */
    readonly invalid: readonly string[];
  };
  /** Lets what `promise` waits for happen. Default: time passes by itself. */
  readonly wait?: <T>(promise: Promise<T>) => Promise<T>;
  /** Resolves once the command of a container, which was started a moment ago, handles signals. Default: it does from the start. */
  readonly untilSetUp?: (status: cri.ContainerStatus) => Promise<void>;
  /** Below which the logs of containers are to be. Default `/tmp/conformance`. */
  readonly logRoot?: string;
}

/** How often something is looked for that is to come, and how long a runtime in real time may take between two looks. */
const LOOKS = 600;
const LOOK_MS = 20;

/** One test: its name, and what must hold. */
export interface ConformanceCase {
  readonly name: string;
  run(lab: Lab): Promise<void>;
}

/** Short forms for tests: everything is made with names of its own, and every call waits. */
export class Lab {
  readonly fixture: RuntimeFixture;
  readonly runtime: ContainerRuntime;
  #made = 0;

  constructor(fixture: RuntimeFixture) {
    this.fixture = fixture;
    this.runtime = fixture.runtime;
  }

  /** Waits for a call. */
  async do<T>(promise: Promise<T>): Promise<T> {
    return this.fixture.wait === undefined ? promise : this.fixture.wait(promise);
  }

  sandboxConfig(over: Partial<cri.PodSandboxConfig> = {}): cri.PodSandboxConfig {
    const index = String(this.#made++);
    const metadata = { name: `pod-${index}`, namespace: 'conformance', uid: `uid-${index}`, attempt: 0 };
    return {
      metadata,
      labels: { test: `sandbox-${index}` },
      annotations: { note: index },
      logDirectory: `${this.fixture.logRoot ?? '/tmp/conformance'}/logs/${index}`,
      ...over,
    };
  }

  async sandbox(config: cri.PodSandboxConfig = this.sandboxConfig()): Promise<{ readonly id: string; readonly config: cri.PodSandboxConfig }> {
    const { podSandboxId } = await this.do(this.runtime.runPodSandbox({ config }));
    return { id: podSandboxId, config };
  }

  async sandboxStatus(podSandboxId: string): Promise<cri.PodSandboxStatus> {
    const { status } = await this.do(this.runtime.podSandboxStatus({ podSandboxId }));
    if (status === undefined) throw new Error('the sandbox has no status');
    return status;
  }

  /** Creates a container that runs for ever, in a sandbox of its own unless one is given. */
  async container(over: Partial<cri.ContainerConfig> = {}, sandbox?: { readonly id: string; readonly config: cri.PodSandboxConfig }): Promise<string> {
    const { image, commands } = this.fixture;
    const home = sandbox ?? (await this.sandbox());
    await this.do(this.runtime.pullImage({ image: { image } }));
    const name = `container-${String(this.#made++)}`;
    const config: cri.ContainerConfig = {
      metadata: { name, attempt: 0 },
      image: { image },
      command: commands.forever,
      labels: { test: name },
      logPath: `${name}.log`,
      ...over,
    };
    const { containerId } = await this.do(this.runtime.createContainer({ podSandboxId: home.id, config, sandboxConfig: home.config }));
    return containerId;
  }

  /** Creates and starts one. */
  async running(over: Partial<cri.ContainerConfig> = {}, sandbox?: { readonly id: string; readonly config: cri.PodSandboxConfig }): Promise<string> {
    const containerId = await this.container(over, sandbox);
    await this.do(this.runtime.startContainer({ containerId }));
    return containerId;
  }

  async status(containerId: string): Promise<cri.ContainerStatus> {
    const { status } = await this.do(this.runtime.containerStatus({ containerId }));
    if (status === undefined) throw new Error('the container has no status');
    return status;
  }

  /** Starts one and waits until it has ended by itself. */
  async ended(command: readonly string[]): Promise<cri.ContainerStatus> {
    const containerId = await this.running({ command });
    return this.until('the container has ended', async () => {
      const status = await this.status(containerId);
      return status.state === 'CONTAINER_EXITED' ? status : undefined;
    });
  }

  /** Looks again and again until there is something. @throws {Error} when there is nothing for long */
  async until<T>(what: string, look: () => Promise<T | undefined> | T | undefined): Promise<T> {
    for (let tries = 0; tries < LOOKS; tries++) {
      const found = await look();
      if (found !== undefined) return found;
      if (this.fixture.wait === undefined) await sleep(systemClock(), LOOK_MS);
      else await this.do(this.runtime.status({}));
    }
    throw new Error(`waited in vain until ${what}`);
  }
}
