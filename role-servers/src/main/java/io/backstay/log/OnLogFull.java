package io.backstay.log;

/** What happens when a protected volume's log is full (rule L6). */
public enum OnLogFull {
  /** The oldest log is given up, and with it the protection; clients never wait for the backup. */
  OVERFLOW,
  /** Writes wait until an archive has the oldest log. */
  BLOCK
}
