package io.backstay.log;

/** How eagerly the log is to be written. */
enum Demand {
  NONE,
  /** Nobody waits: it may wait for company. */
  SOON,
  NOW
}
