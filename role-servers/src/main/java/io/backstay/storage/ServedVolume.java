package io.backstay.storage;

import io.backstay.log.LogHistory;
import io.backstay.log.LogPosition;
import io.backstay.log.LoggedVolume;
import io.backstay.model.LogPlan;
import io.backstay.model.ProtectionRecord;
import io.backstay.wire.Reply;
import java.io.IOException;
import java.util.Optional;

/**
 * A logged volume that clients can reach, and who sends its log.
 *
 * @param sending the thread of the sender
 */
record ServedVolume(
    LoggedVolume volume, String nbdUri, FillRate rate, WlogSender sender, Thread sending) {

  /** It goes by the settings of that record, which is durable, from now on. */
  void follow(ProtectionRecord record) {
    LogPlan plan = record.log().orElseThrow();
    volume.keepLog(plan.cutInterval(), plan.onFull());
    sender.kick();
  }

  void stop() throws IOException, InterruptedException {
    sender.stop();
    sending.join();
    volume.stop();
  }

  /** Looks how fast the log grows. */
  void sample(long nowNanos) {
    rate.sample(volume.position().latest() * LoggedVolumes.BLOCK_BYTES, nowNanos);
  }

  Reply.LogFacts facts() {
    LogPosition position = volume.position();
    LogHistory history = volume.history();
    long used = (position.latest() - position.oldest()) * LoggedVolumes.BLOCK_BYTES;
    long capacity = position.capacityBlocks() * LoggedVolumes.BLOCK_BYTES;
    long bytesPerSecond = rate.bytesPerSecond();
    boolean fills = history.isProtected() && bytesPerSecond > 0;
    return new Reply.LogFacts(
        nbdUri,
        used,
        capacity,
        bytesPerSecond,
        (position.latest() - position.durable()) * LoggedVolumes.BLOCK_BYTES,
        (position.latest() - position.written()) * LoggedVolumes.BLOCK_BYTES,
        fills ? Optional.of((capacity - used) / bytesPerSecond) : Optional.empty(),
        history.session().number(),
        history.isProtected(),
        history.givenUp().map(LogHistory.GivenUp::time),
        history.cuts().size(),
        history.cuts().isEmpty() ? Optional.empty() : Optional.of(history.cuts().getLast()),
        sender.facts(),
        history.session().firstGid(),
        history.givenUp().map(LogHistory.GivenUp::sentUpTo));
  }
}
