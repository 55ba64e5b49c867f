/** What went wrong, for whoever decides what to do next. */
export type ProvisionErrorCode =
  /** There is no room for the volume where it was asked for: somewhere else there may be. */
  | 'ResourceExhausted'
  /** What is asked for cannot be had from this provisioner, however often it is tried. */
  | 'InvalidArgument'
  /** A volume of that name is there already and is another. */
  | 'AlreadyExists'
  /** The volume cannot be worked on as it is, such as one with a handle that is none of the provisioner's. */
  | 'FailedPrecondition'
  /** Everything else; trying again can help. */
  | 'Internal';

/** A provisioner could not do what it was asked for. The codes are those of CSI. */
export class ProvisionError extends Error {
  override readonly name = 'ProvisionError';
  readonly code: ProvisionErrorCode;

  constructor(code: ProvisionErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** Whether `error` is a {@link ProvisionError}, of any installation of this package. */
export function isProvisionError(error: unknown): error is ProvisionError {
  return error instanceof Error && error.name === 'ProvisionError' && 'code' in error;
}
