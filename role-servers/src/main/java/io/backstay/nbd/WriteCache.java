package io.backstay.nbd;

/** When a write that came from another machine is answered (rule L1). */
public enum WriteCache {
  /** Once it is durable: the client would live on after a loss of power here. */
  DURABLE,

  /** Once it is in the volume, as with clients of this machine. The owner of the volume says so. */
  VOLATILE
}
