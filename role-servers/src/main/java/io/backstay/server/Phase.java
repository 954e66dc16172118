package io.backstay.server;

/** Where in its life a server process is. */
public enum Phase {
  /** Loads what is durable; answers nothing yet. */
  STARTING,
  SERVING,
  /** Brings what runs to a steady state; takes no new connections. */
  STOPPING,
  STOPPED
}
