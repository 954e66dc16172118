package io.backstay.log;

/**
 * The log ends below what was durable when a cut was made: its device lost what it had flushed, or
 * something in it is damaged. Archives may have what this volume has no more, so its log cannot go
 * on from here in the same session (rule M1).
 */
public final class LogTooShortException extends LossNotAcceptedException {
  private static final long serialVersionUID = 1;

  LogTooShortException(String volume, LogDevice log, long endLsid, long durableLsid) {
    super(
        "volume %s cannot be served: %s ends at lsid %d, but was durable up to %d: the device lost what it had flushed, or is damaged there. Archives may have what was written then. If the device cannot be brought back, 'backstay volume accept-loss %s' serves the volume as its log has it, and no archive follows it any more until 'backstay backup full %s'"
            .formatted(volume, log, endLsid, durableLsid, volume, volume));
  }
}
