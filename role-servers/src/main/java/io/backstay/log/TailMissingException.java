package io.backstay.log;

/**
 * Acknowledged writes may be lost: the tail is gone although the machine was not started again
 * (rule L2). The volume is served again after somebody accepted that.
 */
public final class TailMissingException extends LossNotAcceptedException {
  private static final long serialVersionUID = 1;

  TailMissingException(String volume, String tail, String found) {
    super(
        "volume %s cannot be served: its newest writes were in the shared memory %s, %s, although this machine was not restarted. If that memory cannot be brought back, 'backstay volume accept-loss %s' serves the volume as its log has it"
            .formatted(volume, tail, found, volume));
  }
}
