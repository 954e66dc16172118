package io.backstay.cli;

/** Something to do when the process is ended from outside while a command works. */
final class AtExit implements AutoCloseable {
  private final Thread hook;

  /**
   * @param body has some seconds: whoever ended the process may kill it after that
   */
  AtExit(String name, Runnable body) {
    this.hook = new Thread(body, name);
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /** The command ends by itself: the body is not run any more, if it was not begun. */
  @Override
  public void close() {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The process is ending already, and the body runs.
    }
  }
}
