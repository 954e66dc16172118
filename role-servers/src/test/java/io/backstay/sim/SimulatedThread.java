package io.backstay.sim;

/** A virtual thread of a simulated process. Numbers grow in the order of forks. */
public record SimulatedThread(long number, SimulatedProcess process, Thread thread) {
  Runnable continuation() {
    return VirtualThreads.continuation(thread);
  }

  @Override
  public String toString() {
    return thread.getName();
  }
}
