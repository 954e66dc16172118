package io.backstay.twin;

/**
 * Thrown to a thread of a simulated process that is dead already. An Error, so that nothing between
 * the device and the thread's end treats it as a failure of the disk and goes on.
 */
public final class ProcessDiedError extends Error {
  private static final long serialVersionUID = 1L;

  public ProcessDiedError(String message) {
    super(message);
  }
}
