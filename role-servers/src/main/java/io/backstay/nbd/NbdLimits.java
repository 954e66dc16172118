package io.backstay.nbd;

import java.time.Duration;

/**
 * What bounds the memory and the patience of an NBD server.
 *
 * @param requestBytes of one read or write; a multiple of 4096
 * @param connectionBytes that wait for their answers on one connection: at this its socket is read
 *     no more
 * @param totalBytes the same of all connections together, with large answers that are not sent yet
 * @param connectionRequests that wait for their answers on one connection, likewise
 * @param unsentBytes of answers that one client does not take: at this its socket is read no more
 * @param connections at a time, those that still negotiate included
 * @param options that one client may send before it names an export
 * @param optionBytes of one option
 * @param negotiation time from the connection to the export, the TLS handshake included
 * @param loops event loops; each export lives on one of them
 */
public record NbdLimits(
    int requestBytes,
    long connectionBytes,
    long totalBytes,
    int connectionRequests,
    int unsentBytes,
    int connections,
    int options,
    int optionBytes,
    Duration negotiation,
    int loops) {
  private static final int MIB = 1 << 20;
  private static final int LOOPS_MAX = 2;

  /** What clients take for granted where nobody tells them otherwise. */
  static final int REQUEST_BYTES_MAX = 32 * MIB;

  public static final NbdLimits DEFAULT =
      new NbdLimits(
          REQUEST_BYTES_MAX,
          16 * MIB,
          64 * MIB,
          4096,
          2 * MIB,
          64,
          256,
          64 * 1024,
          Duration.ofSeconds(20),
          Math.min(LOOPS_MAX, Runtime.getRuntime().availableProcessors()));

  /** Of an archive, whose memory is needed for chains as well. */
  public static final NbdLimits EXPORTS = DEFAULT.withTotalBytes(32 * MIB);

  public NbdLimits {
    if (requestBytes < 4096 || requestBytes % 4096 != 0 || requestBytes > REQUEST_BYTES_MAX) {
      throw new IllegalArgumentException(
          "requests of at most %d bytes: expected a multiple of 4096 up to %d"
              .formatted(requestBytes, REQUEST_BYTES_MAX));
    }
    if (connectionBytes < 1
        || totalBytes < 1
        || connectionRequests < 1
        || unsentBytes < 1
        || connections < 1
        || options < 1
        || optionBytes < 1
        || loops < 1) {
      throw new IllegalArgumentException("a limit below 1 lets nothing through");
    }
    if (negotiation.toMillis() < 1) {
      throw new IllegalArgumentException("no time to negotiate: " + negotiation);
    }
  }

  private NbdLimits withTotalBytes(long bytes) {
    return new NbdLimits(
        requestBytes,
        connectionBytes,
        bytes,
        connectionRequests,
        unsentBytes,
        connections,
        options,
        optionBytes,
        negotiation,
        loops);
  }
}
