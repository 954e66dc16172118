package io.backstay.log;

/** How eagerly the log is to be written. */
enum Demand {
  /** All of it is durable. */
  NONE,
  /** Nobody waits: it may wait for company. */
  SOON,
  /** Somebody waits until it is durable. */
  FLUSH,
  /** There is much of it, or somebody waits for room. */
  NOW
}
